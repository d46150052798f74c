// See OnnxSupport.h.
#include "frontend/onnx/OnnxSupport.h"
#include "frontend/files/Quoted.h"

#include "onnx-ml.pb.h"

#include <algorithm>

namespace lathe {

namespace {

std::string domainText(std::string_view domain) { return domain.empty() ? "ai.onnx" : std::string(domain); }

/// The name as a message may show it: letters as they are, others escaped.
std::string shown(const std::string &name) {
  std::string text = lathe::quoted(name);
  return text.substr(1, text.size() - 2);
}

/// Insertions, removals and replacements from one name to the other.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = diagonal + (std::tolower(static_cast<unsigned char>(a[i - 1])) !=
                                   std::tolower(static_cast<unsigned char>(b[j - 1])));
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

/// Where operators of a domain come from, and how to do without them.
struct Origin {
  std::string_view domain, help;
};
constexpr Origin origins[] = {
    {"org.pytorch.aten",
     "the exporter left a PyTorch operator as it is; export with torch.onnx.export(..., dynamo=True), or "
     "with operator_export_type=ONNX"},
    {"aten", "the exporter left a PyTorch operator as it is; export with torch.onnx.export(..., dynamo=True)"},
    {"prim", "the exporter left a PyTorch operator as it is; export with torch.onnx.export(..., dynamo=True)"},
    {"pkg.onnxscript.torch_lib",
     "a function of torch's exporter whose body is not in the file; export with "
     "torch.onnx.export(..., dynamo=True, optimize=True), or inline functions with onnx.inliner"},
    {"ai.onnx.ml", "an operator of classical machine learning; export the transformer without them"},
    {"ai.onnx.training", "an operator for training; export the model for inference (model.eval())"},
    {"ai.onnx.preview.training", "an operator for training; export the model for inference (model.eval())"},
    {"com.microsoft.nchwc",
     "ONNX Runtime's layout for one machine; save its optimised model at level 'basic' or 'extended'"},
    {"com.ms.internal.nhwc",
     "ONNX Runtime's layout for one machine; save its optimised model at level 'basic' or 'extended'"},
    {"ai.onnx.contrib",
     "an operator of onnxruntime-extensions (tokenizers, images); export the model without pre- and post-processing"},
};

/// Operators by themselves.
struct Advice {
  std::string_view domain, name, help;
};
constexpr std::string_view microsoft = "com.microsoft",
                           strings = "strings are not supported; tokenize outside of the graph",
                           sequences = "sequences are not supported; export without lists of tensors",
                           optionals = "optional values are not supported; export with all inputs given",
                           cells = "recurrent cells are not supported",
                           packed = "a form for one kind of GPU; optimise for the CPU, or without removing padding";
constexpr Advice advice[] = {
    {"", "StringNormalizer", strings},
    {"", "StringConcat", strings},
    {"", "StringSplit", strings},
    {"", "RegexFullMatch", strings},
    {"", "TfIdfVectorizer", strings},
    {"", "SequenceAt", sequences},
    {"", "SequenceConstruct", sequences},
    {"", "SequenceEmpty", sequences},
    {"", "SequenceErase", sequences},
    {"", "SequenceInsert", sequences},
    {"", "SequenceLength", sequences},
    {"", "SequenceMap", sequences},
    {"", "SplitToSequence", sequences},
    {"", "ConcatFromSequence", sequences},
    {"", "Optional", optionals},
    {"", "OptionalGetElement", optionals},
    {"", "OptionalHasElement", optionals},
    {"", "LSTM", cells},
    {"", "GRU", cells},
    {"", "RNN", cells},
    {"", "ImageDecoder", "decode images outside of the graph"},
    {microsoft, "PackedAttention", packed},
    {microsoft, "PackedMultiHeadAttention", packed},
    {microsoft, "RemovePadding", packed},
    {microsoft, "RestorePadding", packed},
    {microsoft, "BeamSearch", "generation lies in the graph; export the decoder alone"},
    {microsoft, "GreedySearch", "generation lies in the graph; export the decoder alone"},
    {microsoft, "Sampling", "generation lies in the graph; export the decoder alone"},
};

} // namespace

std::string hintFor(std::string_view domain, std::string_view name, int64_t opset) {
  for (const Advice &entry : advice)
    if (entry.domain == domain && entry.name == name)
      return std::string(entry.help);
  std::string_view otherDomain, nearest;
  size_t fewest = std::max<size_t>(1, name.size() / 3) + 1;
  bool elsewhere = false;
  for (const OperatorName &known : supportedOperators()) {
    if (known.name == name && known.domain == domain && known.since > opset)
      return "supported from opset " + std::to_string(known.since) + " on; export with that one";
    if (known.name == name && known.domain != domain)
      otherDomain = known.domain, elsewhere = true;
    if (size_t changes = distance(name, known.name); changes > 0 && changes < fewest)
      fewest = changes, nearest = known.name;
  }
  if (elsewhere)
    return "supported in the domain " + domainText(otherDomain);
  for (const Origin &origin : origins)
    if (domain == origin.domain || domain.starts_with(std::string(origin.domain) + "."))
      return std::string(origin.help);
  if (!domain.empty() && domain != microsoft)
    return "an operator of someone's own; a function of that name in the file would do, or export without it";
  if (!nearest.empty())
    return "the nearest name that is supported: " + std::string(nearest);
  return "";
}

void OnnxSupport::add(const onnx::NodeProto &node, int64_t opset, const std::string &what) {
  std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  ModelFacts::Unsupported &entry =
      missing[{domainText(domain), node.op_type() + (what.empty() ? "" : " (" + what + ")")}];
  if (entry.count++ == 0) {
    entry.domain = domainText(domain);
    entry.name = node.op_type();
    entry.what = what;
    entry.opset = opset;
    entry.first = node.name().empty() && node.output_size() ? node.output(0) : node.name();
    entry.hint = what.empty() ? hintFor(domain, node.op_type(), opset) : "";
  }
}

std::vector<ModelFacts::Unsupported> OnnxSupport::list() const {
  std::vector<ModelFacts::Unsupported> result;
  for (const auto &[name, entry] : missing)
    result.push_back(entry);
  return result;
}

Status OnnxSupport::status() const {
  if (missing.empty())
    return Status::success();
  std::string message = "has operators that are not supported: ";
  size_t listed = 0;
  for (const auto &[name, entry] : missing) {
    if (listed == 40) {
      message += "; and " + std::to_string(missing.size() - listed) + " more";
      break;
    }
    message += (listed++ ? "; " : "") + shown(name.first + "." + name.second) + " of opset " +
               std::to_string(entry.opset) + ", " + std::to_string(entry.count) +
               (entry.count == 1 ? " node" : " nodes, the first") + " " + lathe::quoted(entry.first);
    if (!entry.hint.empty())
      message += " (" + shown(entry.hint) + ")";
  }
  return Status::failure(message);
}

} // namespace lathe
