// See LoadedModel.h. Weights: LoadedModelWeights.cpp.
#include "runtime/LoadedModel.h"

namespace lathe {

Result<std::shared_ptr<const LoadedModel>> LoadedModel::load(std::shared_ptr<const Artifact> artifact,
                                                             ThreadPool *pool) {
  std::shared_ptr<LoadedModel> model(new LoadedModel);
  model->artifact_ = std::move(artifact);
  auto metadata = Metadata::parse(model->artifact_->section(LATHE_SECTION_METADATA));
  if (!metadata)
    return Status::failure(model->artifact_->path() + ": " + metadata.message());
  model->metadata_ = std::move(*metadata);
  auto code = KernelCode::open(*model->artifact_, model->metadata_);
  if (!code)
    return code.status();
  model->code_ = std::move(*code);
  if (Status status = model->loadWeights(pool); !status)
    return Status::failure(model->artifact_->path() + ": " + status.message());
  return std::shared_ptr<const LoadedModel>(std::move(model));
}

} // namespace lathe
