// The flags that hold a text to a grammar, and the constraint they ask for. Relies on CLI11 and runtime/grammar.
#include "runtime/grammar/Gbnf.h"
#include "runtime/grammar/JsonSchema.h"
#include "runtime/grammar/RegularExpression.h"
#include "tools/run/RunContext.h"

#include <CLI/CLI.hpp>

#include <cstring>
#include <fstream>
#include <sstream>

namespace lathe {

namespace {

Result<std::string> contentsOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file)
    text << file.rdbuf();
  if (!file || text.fail())
    return Status::failure(path + ": cannot be read: " + std::strerror(errno));
  return text.str();
}

/// A schema is an object or a truth value; anything else is the name of a file.
bool isSchemaText(const std::string &text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text == "true");
}

} // namespace

void addConstraintOptions(CLI::App &app, RunOptions &options) {
  auto *text = app.add_option("--grammar", options.grammar, "a GBNF grammar that the text follows")->type_name("GBNF");
  auto *file = app.add_option("--grammar-file", options.grammarFile, "a file with such a grammar")->type_name("FILE");
  auto *schema = app.add_option("-j,--json-schema", options.jsonSchema,
                                "a JSON schema that the text satisfies: a file or the schema itself ({} is any JSON)")
                     ->type_name("FILE|SCHEMA");
  auto *regex =
      app.add_option("--regex", options.regex, "a regular expression that the whole text matches")->type_name("REGEX");
  text->excludes(file)->excludes(schema)->excludes(regex);
  file->excludes(schema)->excludes(regex);
  schema->excludes(regex);
}

Result<std::shared_ptr<TokenConstraint>> openConstraint(const RunOptions &options, const Tokenizer *tokenizer) {
  using namespace grammar;
  std::string text = options.grammar;
  const std::string &path = !options.grammarFile.empty() ? options.grammarFile : options.jsonSchema;
  bool isFile = !options.grammarFile.empty() || (!options.jsonSchema.empty() && !isSchemaText(options.jsonSchema));
  if (isFile) {
    auto read = contentsOf(path);
    if (!read)
      return read.status();
    text = std::move(*read);
  }
  Result<std::shared_ptr<const Grammar>> made = Status::failure("");
  if (!options.jsonSchema.empty())
    made = parseJsonSchema(isFile ? text : options.jsonSchema);
  else if (!options.regex.empty())
    made = parseRegularExpression(options.regex);
  else if (!options.grammar.empty() || !options.grammarFile.empty())
    made = parseGbnf(text);
  else
    return std::shared_ptr<TokenConstraint>();
  if (!made)
    return isFile ? Status::failure(path + ": " + made.message()) : made.status();
  if (!tokenizer)
    return Status::failure(options.model + ": has no tokenizer, which grammars need");
  auto tokens = TokenTrie::create(*tokenizer);
  if (!tokens)
    return Status::failure(options.model + ": " + tokens.message());
  return std::make_shared<TokenConstraint>(*made, *tokens);
}

} // namespace lathe
