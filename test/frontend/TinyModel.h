// Tiny models that test/frontend/architectures/*.json describe, written as a Hugging Face folder or a GGUF file. The
// values of the weights follow from their names, as make.py there says.
#pragma once

#include "test/frontend/GgufBytes.h"
#include "test/frontend/ModelLogits.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace lathe::test {

inline std::string tinyModels() { return std::string(LATHE_SOURCE_DIR) + "/test/frontend/architectures"; }

inline nlohmann::json readTinyModel(const std::string &name) {
  std::ifstream file(tinyModels() + "/" + name + ".json");
  return nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
}

/// The elements of a tensor: offset + scale * (u - 0.5), u from the name and the index.
inline std::vector<float> tinyWeights(const std::string &name, const nlohmann::json &tensor) {
  uint64_t seed = 0xCBF29CE484222325;
  for (unsigned char byte : name)
    seed = (seed ^ byte) * 0x100000001B3;
  uint64_t count = 1;
  for (uint64_t size : tensor[0])
    count *= size;
  double scale = tensor[1], offset = tensor[2];
  std::vector<float> values;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t z = (i + seed) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    values.push_back(static_cast<float>(offset + scale * (static_cast<double>(z >> 40) / 16777216.0 - 0.5)));
  }
  return values;
}

inline void append(std::vector<uint8_t> &data, const std::vector<float> &values) {
  data.insert(data.end(), bytesOf(values).begin(), bytesOf(values).end());
}

inline void writeFolder(const nlohmann::json &model, const std::string &folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/config.json") << model["config"].dump();
  nlohmann::json header;
  std::vector<uint8_t> data;
  for (const auto &[name, tensor] : model["tensors"].items()) {
    size_t begin = data.size();
    append(data, tinyWeights(name, tensor));
    header[name] = {{"dtype", "F32"}, {"shape", tensor[0]}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  uint64_t length = text.size();
  std::ofstream file(folder + "/model.safetensors", std::ios::binary);
  file.write(reinterpret_cast<const char *>(&length), sizeof length) << text;
  file.write(reinterpret_cast<const char *>(data.data()), static_cast<std::streamsize>(data.size()));
}

/// As llama.cpp's converter writes it: "gguf" has the keys and the tensors, each of which is made of others stacked
/// ("of"), whose rows (of "columns" elements, else of all axes but the first) are taken in the order "rows" where there
/// is one, and of what is added ("plus"); or it is given ("values").
inline void writeGguf(const nlohmann::json &model, const std::string &path) {
  GgufBytes file;
  for (const auto &[key, value] : model["gguf"]["keys"].items()) {
    if (value.is_string())
      file.key<std::string_view>(key, GgufType::String, value.get_ref<const std::string &>());
    else if (value.is_boolean())
      file.key<uint8_t>(key, GgufType::Bool, value.get<bool>());
    else if (value.is_number_integer())
      file.key<uint32_t>(key, GgufType::U32, value);
    else
      file.key<float>(key, GgufType::F32, value);
  }
  std::vector<uint8_t> data;
  for (const auto &[name, made] : model["gguf"]["tensors"].items()) {
    std::vector<uint64_t> shape = made["shape"];
    file.tensor(name, std::vector<uint64_t>(shape.rbegin(), shape.rend()), 0, data.size());
    std::vector<float> values = made.value("values", std::vector<float>());
    for (const std::string from : made.value("of", nlohmann::json::array())) {
      std::vector<float> part = tinyWeights(from, model["tensors"][from]);
      values.insert(values.end(), part.begin(), part.end());
    }
    if (made.contains("rows")) {
      uint64_t columns = made.value("columns", values.size() / shape[0]);
      std::vector<float> ordered;
      for (uint64_t row : made["rows"])
        ordered.insert(ordered.end(), values.begin() + row * columns, values.begin() + (row + 1) * columns);
      values = ordered;
    }
    for (float &value : values)
      value += made.value("plus", 0.0f);
    append(data, values);
    data.resize((data.size() + 31) / 32 * 32);
  }
  std::vector<uint8_t> bytes = file.data(std::move(data)).bytes();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

} // namespace lathe::test
