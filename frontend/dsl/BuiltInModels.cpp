// The architectures that lie in the program: frontend/models/*.lm, embedded when it is built.
#include "frontend/dsl/Dsl.h"
#include "ir/EmbeddedFile.h"

namespace lathe {
std::span<const EmbeddedFile> modelSources();
}

namespace lathe::dsl {

Result<std::vector<ModelText>> builtInModels(mlir::MLIRContext &context) {
  std::vector<ModelText> models;
  for (const EmbeddedFile &file : modelSources()) {
    Result<ModelText> model = parse(Source{std::string(file.name), std::string(file.text)});
    if (!model)
      return model.status();
    if (Status status = check(*model, context); !status)
      return status;
    models.push_back(std::move(*model));
  }
  return models;
}

} // namespace lathe::dsl
