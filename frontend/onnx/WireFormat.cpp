// See WireFormat.h. A field is a varint (number * 8 + kind) and its payload; nested messages are length-delimited
// payloads.
#include "frontend/onnx/WireFormat.h"

namespace lathe {

namespace {

constexpr uint32_t modelGraph = 7, graphInitializer = 5, tensorRawData = 9;

struct Field {
  uint32_t number = 0;
  bool delimited = false;
  uint64_t begin = 0;   // of the whole field
  uint64_t payload = 0; // of a delimited field's payload
  uint64_t payloadBytes = 0;
  uint64_t end = 0;
};

class Reader {
public:
  Reader(std::span<const uint8_t> bytes, uint64_t begin, uint64_t end) : bytes(bytes), at(begin), end(end) {}

  bool done() const { return at >= end; }

  /// False when the bytes are no field.
  bool next(Field &field) {
    field = Field();
    field.begin = at;
    uint64_t tag = 0, skipped = 0;
    if (!varint(tag) || tag >> 35 != 0 || tag >> 3 == 0)
      return false;
    field.number = static_cast<uint32_t>(tag >> 3);
    switch (tag & 7) {
    case 0:
      if (!varint(skipped))
        return false;
      break;
    case 1:
      if (!skip(8))
        return false;
      break;
    case 2:
      if (!varint(field.payloadBytes))
        return false;
      field.delimited = true;
      field.payload = at;
      if (!skip(field.payloadBytes))
        return false;
      break;
    case 5:
      if (!skip(4))
        return false;
      break;
    default: // groups, which ONNX does not use
      return false;
    }
    field.end = at;
    return true;
  }

private:
  std::span<const uint8_t> bytes;
  uint64_t at, end;

  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
      uint8_t byte = bytes[at++];
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128)
        return true;
    }
    return false;
  }
  bool skip(uint64_t count) {
    if (count > end - at)
      return false;
    at += count;
    return true;
  }
};

void appendVarint(std::string &text, uint64_t value) {
  for (; value >= 128; value >>= 7)
    text.push_back(static_cast<char>(value | 128));
  text.push_back(static_cast<char>(value));
}

void appendMessage(std::string &text, uint32_t number, const std::string &payload) {
  appendVarint(text, number * 8 + 2);
  appendVarint(text, payload.size());
  text += payload;
}

class Splitter {
public:
  Splitter(std::span<const uint8_t> bytes, uint64_t limit) : bytes(bytes), limit(limit) {}

  SplitModel result;
  bool tooLarge = false;

  bool run() {
    return walk(0, bytes.size(), result.skeleton, [&](const Field &field) {
      if (field.number != modelGraph || !field.delimited)
        return copy(field, result.skeleton);
      std::string graph;
      if (!splitGraph(field, graph))
        return false;
      appendMessage(result.skeleton, modelGraph, graph);
      return true;
    });
  }

private:
  std::span<const uint8_t> bytes;
  uint64_t limit, copied = 0;

  template <class Visit> bool walk(uint64_t begin, uint64_t end, std::string &, Visit visit) {
    Reader reader(bytes, begin, end);
    Field field;
    while (!reader.done())
      if (!reader.next(field) || !visit(field))
        return false;
    return true;
  }

  bool copy(const Field &field, std::string &text) {
    uint64_t size = field.end - field.begin;
    if (size > limit - copied) {
      tooLarge = true;
      return false;
    }
    copied += size;
    text.append(reinterpret_cast<const char *>(bytes.data()) + field.begin, size);
    return true;
  }

  bool splitGraph(const Field &graphField, std::string &graph) {
    return walk(graphField.payload, graphField.end, graph, [&](const Field &field) {
      if (field.number != graphInitializer || !field.delimited)
        return copy(field, graph);
      std::string tensor;
      ByteRange raw;
      bool valid = walk(field.payload, field.end, tensor, [&](const Field &part) {
        if (part.number != tensorRawData || !part.delimited)
          return copy(part, tensor);
        raw = {part.payload, part.payloadBytes}; // the last one counts, as for protobuf
        return true;
      });
      if (!valid)
        return false;
      copied += 16; // an initializer costs memory even when it is empty
      if (copied > limit) {
        tooLarge = true;
        return false;
      }
      appendMessage(graph, graphInitializer, tensor);
      result.rawData.push_back(raw);
      return true;
    });
  }
};

} // namespace

Result<SplitModel> splitModel(std::span<const uint8_t> bytes, uint64_t skeletonLimit) {
  Splitter splitter(bytes, skeletonLimit);
  if (splitter.run())
    return std::move(splitter.result);
  if (splitter.tooLarge)
    return Status::failure(
        "has more than " + std::to_string(skeletonLimit >> 20) +
        " MiB besides the raw data of its initializers; nodes and other fields of a language model take less");
  return Status::failure("is no ONNX model, or is cut off or damaged");
}

} // namespace lathe
