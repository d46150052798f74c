// JSON schemas (draft 2020-12), read into rules for the texts of their values. What is written is valid; not every
// valid text can be written: properties come in the order of the schema, strings and numbers in one form (JsonText.h),
// and where a schema lists properties but says nothing of others there are no others. Relies on JsonText.h.
#pragma once

#include "runtime/grammar/Grammar.h"

namespace lathe::grammar {

/// Keywords that cannot be held are refused by name, with their place in the schema. "{}" is any JSON value.
Result<Rules> readJsonSchema(std::string_view schema, Work &work);
Result<std::shared_ptr<const Grammar>> parseJsonSchema(std::string_view schema);

} // namespace lathe::grammar
