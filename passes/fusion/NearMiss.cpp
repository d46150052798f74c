// See NearMiss.h. The parts travel as the attribute of a note of the diagnostic, which FusionLog.cpp reads.
#include "passes/fusion/NearMiss.h"

#include <mlir/IR/Builders.h>
#include <mlir/IR/Diagnostics.h>

using namespace mlir;

namespace lathe {

LogicalResult nearMiss(RewriterBase &rewriter, Operation *anchor, const NearMiss &miss, Operation *culprit) {
  return rewriter.notifyMatchFailure(anchor->getLoc(), [&](Diagnostic &diagnostic) {
    diagnostic << miss.fusion << ": " << miss.text;
    Builder builder(anchor->getContext());
    diagnostic.attachNote((culprit ? culprit : anchor)->getLoc()) << builder.getDictionaryAttr(
        {builder.getNamedAttr("fusion", builder.getStringAttr(miss.fusion)),
         builder.getNamedAttr("condition", builder.getStringAttr(miss.condition)),
         builder.getNamedAttr("progress", builder.getI64IntegerAttr(miss.progress)),
         builder.getNamedAttr("text", builder.getStringAttr(miss.text)),
         builder.getNamedAttr("help", builder.getStringAttr(miss.help)),
         builder.getNamedAttr("op", builder.getStringAttr(anchor->getName().getStringRef()))});
  });
}

std::string sizeText(AffineExpr size, const llm::SymbolicShapes &shapes) {
  if (!size)
    return "?";
  std::string text, result;
  ::llvm::raw_string_ostream(text) << size;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1, number = 0;
    while (text[at] == 's' && end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])))
      number = number * 10 + static_cast<size_t>(text[end++] - '0');
    bool isSymbol = end > at + 1 && number < shapes.symbols().size();
    result += isSymbol ? shapes.symbols()[number].str() : text.substr(at, end - at);
    at = end;
  }
  return result;
}

std::string numberText(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", number);
  return text;
}

} // namespace lathe
