// Vectors of lanes and the element types kernels read and write: loads and stores that convert, parts of a vector,
// selection by a mask. Relies on Clang's ext_vector_type; the only place that asks whether the CPU converts halves.
#ifndef LATHE_COMMON_CPU_LANES_H
#define LATHE_COMMON_CPU_LANES_H

#include "common/cpu/abi.h"

// Contraction stays within an expression, so that an expression has the same bits in every kernel it is inlined into.
#pragma STDC FP_CONTRACT ON

#define LATHE_INLINE inline __attribute__((always_inline))
#define LATHE_UNROLL _Pragma("clang loop unroll(full)")

namespace lathe {

template <int N> using Floats = float __attribute__((ext_vector_type(N)));
template <int N> using Doubles = double __attribute__((ext_vector_type(N)));
template <int N> using Ints = int32_t __attribute__((ext_vector_type(N)));
template <int N> using UInts = uint32_t __attribute__((ext_vector_type(N)));
template <int N> using Longs = int64_t __attribute__((ext_vector_type(N)));
template <int N> using UShorts = uint16_t __attribute__((ext_vector_type(N)));
template <int N> using Shorts = int16_t __attribute__((ext_vector_type(N)));
template <int N> using Bytes = int8_t __attribute__((ext_vector_type(N)));
template <int N> using HalfLanes = _Float16 __attribute__((ext_vector_type(N)));

// Lanes of one vector register.
#if defined(__AVX512F__)
inline constexpr int nativeLanes = 16;
inline constexpr int vectorRegisters = 32;
#elif defined(__AVX__)
inline constexpr int nativeLanes = 8;
inline constexpr int vectorRegisters = 16;
#else
inline constexpr int nativeLanes = 4;
inline constexpr int vectorRegisters = 16;
#endif

// Lanes of a reduction: the same on every CPU, so that the order of a sum is a property of the kernel alone.
inline constexpr int sumLanes = 16;

// Storage of elements that have no arithmetic of their own. Bool is one byte, 0 or 1 when written, any non-zero when
// read.
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};
struct Bool {
  uint8_t value;
};

// Names of the block types of weights (common/cpu/weights.h).
struct Q4_0 {};
struct Q4_1 {};
struct Q5_0 {};
struct Q5_1 {};
struct Q8_0 {};
struct Q4_K {};
struct Q5_K {};
struct Q6_K {};
struct Int4 {};

template <class A, class B> inline constexpr bool isSame = false;
template <class A> inline constexpr bool isSame<A, A> = true;

template <bool C, class A, class B> struct Choose {
  using Type = A;
};
template <class A, class B> struct Choose<false, A, B> {
  using Type = B;
};

// A list of types, and of the integers below N, to go through the operands of a functor.
template <class... T> struct Types {
  static constexpr int count = sizeof...(T);
};
template <int... I> struct Integers {};
template <class, int... I> using IntegersOf = Integers<I...>;
template <int N> using IntegersTo = __make_integer_seq<IntegersOf, int, N>;

template <class To, class From> LATHE_INLINE To bitCast(From from) { return __builtin_bit_cast(To, from); }

// ---- selection ---------------------------------------------------------------------------------------------------

// mask is the result of a comparison of vectors (-1 or 0 a lane) or a bool.
LATHE_INLINE float select(bool mask, float a, float b) { return mask ? a : b; }
LATHE_INLINE double select(bool mask, double a, double b) { return mask ? a : b; }
LATHE_INLINE int32_t select(bool mask, int32_t a, int32_t b) { return mask ? a : b; }
LATHE_INLINE int64_t select(bool mask, int64_t a, int64_t b) { return mask ? a : b; }
LATHE_INLINE bool select(bool mask, bool a, bool b) { return mask ? a : b; }
template <class M, class V>
  requires(sizeof(M) == sizeof(V))
LATHE_INLINE V select(M mask, V a, V b) {
  return mask ? a : b;
}

// ---- conversions -------------------------------------------------------------------------------------------------

template <int N> LATHE_INLINE Floats<N> halvesToFloats(UShorts<N> halves) {
#if defined(__F16C__)
  return __builtin_convertvector(bitCast<HalfLanes<N>>(halves), Floats<N>);
#else
  UInts<N> bits = __builtin_convertvector(halves, UInts<N>);
  UInts<N> magnitude = (bits & 0x7fffu) << 13;
  // The exponent is off by 112; the product is exact and normalises denormals.
  Floats<N> value = bitCast<Floats<N>>(magnitude) * 0x1p112f;
  UInts<N> special = bitCast<UInts<N>>(magnitude >= (0x7c00u << 13)) & 0x7f800000u;
  return bitCast<Floats<N>>(bitCast<UInts<N>>(value) | special | ((bits & 0x8000u) << 16));
#endif
}

template <int N> LATHE_INLINE UShorts<N> floatsToHalves(Floats<N> values) {
#if defined(__F16C__)
  return bitCast<UShorts<N>>(__builtin_convertvector(values, HalfLanes<N>));
#else
  UInts<N> bits = bitCast<UInts<N>>(values);
  UInts<N> sign = (bits >> 16) & 0x8000u;
  UInts<N> magnitude = bits & 0x7fffffffu;
  // Below 2^-14: adding 0.5 rounds at the half's last place and leaves its bits at the bottom.
  UInts<N> small = bitCast<UInts<N>>(bitCast<Floats<N>>(magnitude) + 0.5f) - 0x3f000000u;
  UInts<N> normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  UInts<N> huge = magnitude > 0x7f800000u ? UInts<N>(0x7e00u) : UInts<N>(0x7c00u);
  UInts<N> result = magnitude < 0x38800000u ? small : (magnitude >= 0x47800000u ? huge : normal);
  return __builtin_convertvector(result | sign, UShorts<N>);
#endif
}

template <int N> LATHE_INLINE Floats<N> bfloatsToFloats(UShorts<N> values) {
  return bitCast<Floats<N>>(__builtin_convertvector(values, UInts<N>) << 16);
}

template <int N> LATHE_INLINE UShorts<N> floatsToBFloats(Floats<N> values) {
  UInts<N> bits = bitCast<UInts<N>>(values);
  UInts<N> rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  UInts<N> nan = (bits >> 16) | 0x40u;
  UInts<N> isNan = bitCast<UInts<N>>((bits & 0x7fffffffu) > 0x7f800000u);
  return __builtin_convertvector((rounded & ~isNan) | (nan & isNan), UShorts<N>);
}

// ---- loads and stores --------------------------------------------------------------------------------------------

template <class V, class T> LATHE_INLINE V loadRaw(const T *from) {
  V result;
  __builtin_memcpy(&result, from, sizeof(V));
  return result;
}

// N elements from `from`, of any alignment, as floats.
template <int N> LATHE_INLINE Floats<N> load(const float *from) { return loadRaw<Floats<N>>(from); }
template <int N> LATHE_INLINE Floats<N> load(const Half *from) { return halvesToFloats<N>(loadRaw<UShorts<N>>(from)); }
template <int N> LATHE_INLINE Floats<N> load(const BFloat *from) {
  return bfloatsToFloats<N>(loadRaw<UShorts<N>>(from));
}

template <int N> LATHE_INLINE void store(float *to, Floats<N> value) { __builtin_memcpy(to, &value, sizeof(value)); }
template <int N> LATHE_INLINE void store(Half *to, Floats<N> value) {
  UShorts<N> bits = floatsToHalves<N>(value);
  __builtin_memcpy(to, &bits, sizeof(bits));
}
template <int N> LATHE_INLINE void store(BFloat *to, Floats<N> value) {
  UShorts<N> bits = floatsToBFloats<N>(value);
  __builtin_memcpy(to, &bits, sizeof(bits));
}

LATHE_INLINE float loadFloat(const float *from) { return *from; }
LATHE_INLINE float loadFloat(const Half *from) { return halvesToFloats<1>(UShorts<1>(from->bits))[0]; }
LATHE_INLINE float loadFloat(const BFloat *from) { return bitCast<float>(uint32_t(from->bits) << 16); }
LATHE_INLINE void storeFloat(float *to, float value) { *to = value; }
LATHE_INLINE void storeFloat(Half *to, float value) { to->bits = floatsToHalves<1>(Floats<1>(value))[0]; }
LATHE_INLINE void storeFloat(BFloat *to, float value) { to->bits = floatsToBFloats<1>(Floats<1>(value))[0]; }

// The first `count` < N elements; the other lanes are `fill`.
template <int N, class T> LATHE_INLINE Floats<N> loadPart(const T *from, int64_t count, float fill = 0) {
  float lanes[N];
  for (int64_t i = 0; i < N; ++i)
    lanes[i] = i < count ? loadFloat(from + i) : fill;
  return load<N>(lanes);
}
template <int N, class T> LATHE_INLINE void storePart(T *to, Floats<N> value, int64_t count) {
  float lanes[N];
  store<N>(lanes, value);
  for (int64_t i = 0; i < count; ++i)
    storeFloat(to + i, lanes[i]);
}

// ---- reductions over the lanes of one vector, in a fixed order: halves are folded onto each other ------------------

LATHE_INLINE float sumOfLanes(Floats<16> v) {
  Floats<8> a = v.lo + v.hi;
  Floats<4> b = a.lo + a.hi;
  Floats<2> c = b.lo + b.hi;
  return c.x + c.y;
}
template <class V> LATHE_INLINE V larger(V a, V b) { return select(a > b, a, b); }
template <class V> LATHE_INLINE V smaller(V a, V b) { return select(a < b, a, b); }
LATHE_INLINE float maxOfLanes(Floats<16> v) {
  Floats<8> a = larger<Floats<8>>(v.lo, v.hi);
  Floats<4> b = larger<Floats<4>>(a.lo, a.hi);
  Floats<2> c = larger<Floats<2>>(b.lo, b.hi);
  return c.x > c.y ? c.x : c.y;
}

LATHE_INLINE constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
LATHE_INLINE constexpr int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }
template <class T> LATHE_INLINE constexpr T least(T a, T b) { return a < b ? a : b; }
template <class T> LATHE_INLINE constexpr T greatest(T a, T b) { return a > b ? a : b; }

} // namespace lathe

#endif
