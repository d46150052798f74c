// Elementary functions of floats and doubles, for vectors of any number of lanes and for scalars: exp, exp2, expm1,
// log, log1p, log2, log10, sqrt, rsqrt, pow, sin, cos, sincos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh,
// atanh, erf, sigmoid, silu, softplus, gelu, geluTanh, floor, ceil, trunc, round (half to even), abs, maximum, minimum
// (both hand on NaN), sign. A value has the same bits in whatever lane it is computed: a scalar is a vector of one
// lane. Floats are within 2 ulp (erf: 2.5 where the CPU has no FMA), doubles within 10; rarer functions of floats are
// computed in double and rounded. sin and cos of floats keep this up to 1e8. Polynomials are minimax fits over the
// reduced range.
#ifndef LATHE_COMMON_CPU_MATH_H
#define LATHE_COMMON_CPU_MATH_H

#include "common/cpu/lanes.h"

namespace lathe {

template <class V> struct VectorTraits {
  static constexpr bool isFloat = false, isDouble = false;
};
template <int N> struct VectorTraits<Floats<N>> {
  static constexpr bool isFloat = true, isDouble = false;
  static constexpr int lanes = N;
  using Wide = Doubles<N>;
  using Int = Ints<N>;
};
template <int N> struct VectorTraits<Doubles<N>> {
  static constexpr bool isFloat = false, isDouble = true;
  static constexpr int lanes = N;
  using Narrow = Floats<N>;
  using Int = Longs<N>;
};

template <class V>
concept FloatVector = VectorTraits<V>::isFloat;
template <class V>
concept DoubleVector = VectorTraits<V>::isDouble;
template <class V>
concept RealVector = FloatVector<V> || DoubleVector<V>;
template <class V>
inline constexpr bool isReal = RealVector<V> || isSame<V, float> || isSame<V, double>; // integers are whole already
template <class V> using IntOf = typename VectorTraits<V>::Int;
template <class V> using WideOf = typename VectorTraits<V>::Wide;

template <FloatVector V> LATHE_INLINE WideOf<V> widen(V v) { return __builtin_convertvector(v, WideOf<V>); }
template <FloatVector V> LATHE_INLINE V narrow(WideOf<V> v) { return __builtin_convertvector(v, V); }

// ---- simple ones, for vectors and scalars alike --------------------------------------------------------------------

template <class V> LATHE_INLINE V abs(V x) { return __builtin_elementwise_abs(x); }
#define LATHE_WHOLE(NAME, BUILTIN)                                                                                     \
  template <class V> LATHE_INLINE V NAME(V x) {                                                                        \
    if constexpr (isReal<V>)                                                                                           \
      return BUILTIN(x);                                                                                               \
    else                                                                                                               \
      return x;                                                                                                        \
  }
LATHE_WHOLE(floor, __builtin_elementwise_floor)
LATHE_WHOLE(ceil, __builtin_elementwise_ceil)
LATHE_WHOLE(trunc, __builtin_elementwise_trunc)
LATHE_WHOLE(round, __builtin_elementwise_roundeven)
#undef LATHE_WHOLE
template <class V> LATHE_INLINE V sqrt(V x) { return __builtin_elementwise_sqrt(x); }
template <class V> LATHE_INLINE V rsqrt(V x) { return V(1) / __builtin_elementwise_sqrt(x); }
template <class V> LATHE_INLINE V reciprocal(V x) { return V(1) / x; }
template <class V> LATHE_INLINE V maximum(V a, V b) { return select((a > b) | (a != a), a, b); }
template <class V> LATHE_INLINE V minimum(V a, V b) { return select((a < b) | (a != a), a, b); }
template <class V> LATHE_INLINE V sign(V x) { return select(x > V(0), V(1), select(x < V(0), V(-1), x)); }

// c[0] + c[1] x + ... by Horner's rule.
template <class V, class E, class... Rest> LATHE_INLINE V polynomial(V x, E first, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return V(first);
  else
    return polynomial(x, rest...) * x + V(first);
}

// ---- doubles -------------------------------------------------------------------------------------------------------

// e^r - 1 - r, over r^2, for |r| <= ln2 / 2.
template <DoubleVector V> LATHE_INLINE V expTail(V r) {
  return polynomial(r, 0.5000000000000012, 0.166666666666667, 0.04166666666651554, 0.008333333333307227,
                    0.0013888888946980082, 0.00019841269917335688, 2.4801489982084666e-05, 2.755721634199598e-06,
                    2.7631265235052643e-07, 2.5117848323129393e-08);
}

template <DoubleVector V> LATHE_INLINE V exp(V x) {
  using I = IntOf<V>;
  x = select(x > V(710.0), V(710.0), x);
  x = select(x < V(-746.0), V(-746.0), x);
  constexpr double magic = 6755399441055744.0; // 1.5 * 2^52: the sum holds the rounded integer in its low bits
  V shifted = x * 1.4426950408889634 + magic;
  I n = bitCast<I>(shifted) - bitCast<I>(V(magic));
  V count = shifted - magic;
  V r = x - count * 0.6931471787393093;
  r = r - count * 1.8206359985041462e-09;
  V tail = r * r * expTail(r);
  V e = V(1) + (r + tail);
  I half = n >> 1;
  V low = bitCast<V>((half + 1023) << 52), high = bitCast<V>((n - half + 1023) << 52);
  return e * low * high;
}

template <DoubleVector V> LATHE_INLINE V expm1(V x) {
  V tail = x * x * expTail(x);
  return select(abs(x) < V(0.34), x + tail, exp(x) - V(1));
}

template <DoubleVector V> LATHE_INLINE V log(V x) {
  using I = IntOf<V>;
  auto tiny = x < V(0x1p-1022);
  V scaled = select(tiny, x * V(0x1p54), x);
  I bits = bitCast<I>(scaled);
  I e = (bits - 0x3fe6a09e667f3bcdl) >> 52; // 1 / sqrt(2)
  V m = bitCast<V>(bits - (e << 52));
  V count = __builtin_convertvector(e, V) - select(tiny, V(54), V(0));
  V f = m - V(1);
  V s = f / (V(2) + f);
  V z = s * s;
  V tail = polynomial(z, 0.3333333333333333, 0.20000000000002963, 0.1428571428458356, 0.11111111318332346,
                      0.09090888179758358, 0.07693532081559495, 0.06625326508150299, 0.0662346549607174);
  V cubed = s * z * tail;
  V low = count * 1.8206359985041462e-09 + V(2) * cubed;
  V result = count * 0.6931471787393093 + (V(2) * s + low);
  V infinity = V(__builtin_inf());
  result = select(x == infinity, infinity, result);
  result = select(x == V(0), -infinity, result);
  return select((x < V(0)) | (x != x), V(__builtin_nan("")), result);
}

template <DoubleVector V> LATHE_INLINE V log1p(V x) {
  V u = V(1) + x;
  V lost = x - (u - V(1));
  V result = log(u) + lost / u;
  return select(u == V(__builtin_inf()), u, select(u == V(0), V(-__builtin_inf()), result));
}
template <DoubleVector V> LATHE_INLINE V exp2(V x) {
  using I = IntOf<V>;
  x = select(x > V(1030.0), V(1030.0), x);
  x = select(x < V(-1080.0), V(-1080.0), x);
  constexpr double magic = 6755399441055744.0;
  V shifted = x + magic;
  I n = bitCast<I>(shifted) - bitCast<I>(V(magic)), half = n >> 1;
  V fraction = x - (shifted - magic);
  V low = bitCast<V>((half + 1023) << 52), high = bitCast<V>((n - half + 1023) << 52);
  return exp(fraction * V(0.6931471805599453)) * low * high;
}
template <DoubleVector V> LATHE_INLINE V log2(V x) { return log(x) * V(1.4426950408889634); }
template <DoubleVector V> LATHE_INLINE V log10(V x) { return log(x) * V(0.4342944819032518); }

template <class V> struct SineCosine {
  V sine, cosine;
};

// x - n pi/2 and n, to about x * 1e-20 for |x| < 1e6.
template <DoubleVector V> LATHE_INLINE V reduceQuarter(V x, IntOf<V> &n) {
  constexpr double magic = 6755399441055744.0;
  V shifted = x * 0.6366197723675814 + magic;
  n = bitCast<IntOf<V>>(shifted);
  V count = shifted - magic;
  V r = x - count * 1.570796325802803;
  r = r - count * 9.920935774287987e-10;
  return r - count * 2.2517417741562176e-18;
}

template <DoubleVector V> LATHE_INLINE SineCosine<V> sincos(V x) {
  IntOf<V> n;
  V r = reduceQuarter(x, n);
  r = select(r > V(0.8), V(0.8), select(r < V(-0.8), V(-0.8), r)); // beyond the range of the reduction: bounded
  V z = r * r;
  V s = r + r * z *
                polynomial(z, -0.16666666666666632, 0.008333333333322566, -0.00019841269829908636,
                           2.755731372233981e-06, -2.5050762381187356e-08, 1.589702165777887e-10);
  V c = V(1) - (z * 0.5 - z * z *
                              polynomial(z, 0.041666666666666616, -0.0013888888888876148, 2.4801587290586563e-05,
                                         -2.7557314637536736e-07, 2.0875758514877963e-09, -1.1361327602604576e-11));
  auto swap = (n & 1) != 0;
  V sine = select(swap, c, s), cosine = select(swap, s, c);
  sine = select((n & 2) != 0, -sine, sine);
  cosine = select(((n + 1) & 2) != 0, -cosine, cosine);
  return {sine, cosine};
}
template <DoubleVector V> LATHE_INLINE V sin(V x) { return sincos(x).sine; }
template <DoubleVector V> LATHE_INLINE V cos(V x) { return sincos(x).cosine; }
template <DoubleVector V> LATHE_INLINE V tan(V x) {
  auto both = sincos(x);
  return both.sine / both.cosine;
}

template <DoubleVector V> LATHE_INLINE V atan(V x) {
  V a = abs(x);
  auto big = a > V(2.414213562373095), middle = a > V(0.41421356237309503);
  V reduced = select(big, V(-1) / a, select(middle, (a - V(1)) / (a + V(1)), a));
  V base = select(big, V(1.5707963267948966), select(middle, V(0.7853981633974483), V(0)));
  reduced = select(a == V(__builtin_inf()), V(0), reduced);
  V z = reduced * reduced;
  V tail = polynomial(z, -0.3333333333333323, 0.19999999999961687, -0.14285714280883918, 0.11111110813534716,
                      -0.09090898533270025, 0.07692072797735629, -0.06663236136928492, 0.058487853252594764,
                      -0.0504309690806866, 0.03815561199909088, -0.018001914995194112);
  V result = base + (reduced + reduced * z * tail);
  return select(x < V(0), -result, result);
}
template <DoubleVector V> LATHE_INLINE V asin(V x) { return atan(x / sqrt((V(1) - x) * (V(1) + x))); }
template <DoubleVector V> LATHE_INLINE V acos(V x) { return V(2) * atan(sqrt((V(1) - x) / (V(1) + x))); }

template <DoubleVector V> LATHE_INLINE V sinh(V x) {
  V e = expm1(abs(x));
  V result = V(0.5) * (e + e / (e + V(1)));
  result = select(e == V(__builtin_inf()), e, result);
  return select(x < V(0), -result, result);
}
template <DoubleVector V> LATHE_INLINE V cosh(V x) {
  V e = exp(abs(x));
  return V(0.5) * (e + V(1) / e);
}
template <DoubleVector V> LATHE_INLINE V tanh(V x) {
  V a = abs(x);
  a = select(a > V(22.0), V(22.0), a);
  V e = expm1(V(2) * a);
  V result = e / (e + V(2));
  return select(x < V(0), -result, result);
}
template <DoubleVector V> LATHE_INLINE V asinh(V x) {
  V a = abs(x);
  V result = log1p(a + a * a / (V(1) + sqrt(a * a + V(1))));
  result = select(a > V(1e150), log(a) + V(0.6931471805599453), result);
  return select(x < V(0), -result, result);
}
template <DoubleVector V> LATHE_INLINE V acosh(V x) {
  V t = x - V(1);
  V result = log1p(t + sqrt(V(2) * t + t * t));
  return select(x > V(1e150), log(x) + V(0.6931471805599453), result);
}
template <DoubleVector V> LATHE_INLINE V atanh(V x) {
  V a = abs(x);
  V result = V(0.5) * log1p(V(2) * a / (V(1) - a));
  return select(x < V(0), -result, result);
}

// A series below 2.5, a continued fraction above: slow and right.
template <DoubleVector V> LATHE_INLINE V erf(V x) {
  V a = abs(x);
  V z = a * a;
  V term = a, sum = a;
  for (int i = 1; i < 48; ++i) {
    term = term * z * V(2.0 / (2 * i + 1));
    sum = sum + term;
  }
  V gauss = exp(-z) * V(0.5641895835477563); // 1 / sqrt(pi)
  V fraction = a;
  for (int i = 60; i > 0; --i)
    fraction = a + V(0.5 * i) / fraction;
  V result = select(a < V(2.5), V(2) * gauss * sum, V(1) - gauss / fraction);
  result = select(a > V(6.0), V(1), result);
  return select(x < V(0), -result, result);
}

template <DoubleVector V> LATHE_INLINE V pow(V x, V y) {
  V a = abs(x);
  V result = exp(y * log(a));
  V halfOfY = y * V(0.5);
  auto whole = floor(y) == y;
  auto odd = whole & (floor(halfOfY) != halfOfY);
  auto negative = bitCast<IntOf<V>>(x) < 0;
  result = select(negative & odd, -result, result);
  result = select((x < V(0)) & ~whole & (a != V(__builtin_inf())), V(__builtin_nan("")), result);
  result = select((a == V(1)) & (abs(y) == V(__builtin_inf())), V(1), result);
  return select((y == V(0)) | (x == V(1)), V(1), result);
}

template <DoubleVector V> LATHE_INLINE V sigmoid(V x) { return V(1) / (V(1) + exp(-x)); }
template <DoubleVector V> LATHE_INLINE V softplus(V x) { return select(x > V(0), x, V(0)) + log1p(exp(-abs(x))); }

// ---- floats --------------------------------------------------------------------------------------------------------

template <FloatVector V> LATHE_INLINE V exp(V x) {
  using I = IntOf<V>;
  x = select(x > V(89.0f), V(89.0f), x);
  x = select(x < V(-104.0f), V(-104.0f), x); // gives 0, exactly
  constexpr float magic = 12582912.0f;       // 1.5 * 2^23
  V shifted = x * 1.44269504f + magic;
  I n = bitCast<I>(shifted) - bitCast<I>(V(magic));
  V count = shifted - magic;
  V r = x - count * 0.693115234375f;
  r = r - count * 3.1946183e-05f;
  V tail = polynomial(r, 0.5f, 0.1666652f, 0.041666206f, 0.008368882f, 0.0013950453f);
  V e = V(1) + (r + r * r * tail);
  I half = n >> 1;
  V low = bitCast<V>((half + 127) << 23), high = bitCast<V>((n - half + 127) << 23);
  return e * low * high;
}

template <FloatVector V> LATHE_INLINE V log(V x) {
  using I = IntOf<V>;
  auto tiny = x < V(0x1p-126f);
  V scaled = select(tiny, x * V(0x1p23f), x);
  I bits = bitCast<I>(scaled);
  I e = (bits - 0x3f3504f3) >> 23; // 1 / sqrt(2)
  V m = bitCast<V>(bits - (e << 23));
  V count = __builtin_convertvector(e, V) - select(tiny, V(23), V(0));
  V f = m - V(1);
  V z = f * f;
  V tail = polynomial(f, 0.3333333f, -0.2500082f, 0.20001227f, -0.16623357f, 0.14201763f, -0.13160184f, 0.12761545f,
                      -0.076344565f);
  V low = z * f * tail;
  low = low + count * 3.1946183e-05f - z * 0.5f;
  V result = count * 0.693115234375f + (f + low);
  V infinity = V(__builtin_inff());
  result = select(x == infinity, infinity, result);
  result = select(x == V(0), -infinity, result);
  return select((x < V(0)) | (x != x), V(__builtin_nanf("")), result);
}

template <FloatVector V> LATHE_INLINE V tanh(V x) {
  V a = abs(x);
  V z = x * x;
  V small = x + x * z * polynomial(z, -0.33333284f, 0.13331515f, -0.05374515f, 0.020655239f, -0.0057216506f);
  V large = V(1) - V(2) / (exp(V(2) * a) + V(1));
  large = select(x < V(0), -large, large);
  return select(a < V(0.625f), small, large);
}

template <FloatVector V> LATHE_INLINE V erf(V x) {
  V a = abs(x);
  V z = x * x;
  V small = x + x * polynomial(z, 0.12837917f, -0.37612626f, 0.112836f, -0.026854444f, 0.005189535f, -0.00080208416f,
                               7.889119e-05f);
  V t = select(a > V(4.0f), V(4.0f), a) - V(2.5f); // log(erfc) is close to a parabola here
  V exponent = polynomial(t, -7.806815f, -5.3526807f, -0.9438935f, -0.010858731f, 0.0021625923f, -0.0004239232f,
                          7.818154e-05f, -8.197466e-06f, 5.1987768e-06f, 7.8449733e-07f);
  V large = V(1) - exp(exponent);
  large = select(x < V(0), -large, large);
  return select(a > V(1.0f), large, small);
}

template <FloatVector V> LATHE_INLINE V sigmoid(V x) { return V(1) / (V(1) + exp(-x)); }

// Reduced in double, so that a large angle loses nothing; evaluated in float. Bounded, but without meaning, above 1e12.
template <FloatVector V> LATHE_INLINE SineCosine<V> sincos(V x) {
  using I = IntOf<V>;
  using W = WideOf<V>;
  constexpr double magic = 6755399441055744.0;
  W wide = widen(x);
  W shifted = wide * 0.6366197723675814 + magic;
  I n = __builtin_convertvector(bitCast<IntOf<W>>(shifted), I);
  W count = shifted - magic;
  W reduced = wide - count * 1.570796325802803;
  reduced = reduced - count * 9.920935796805404e-10;
  V r = narrow<V>(reduced);
  r = select(r > V(0.8f), V(0.8f), select(r < V(-0.8f), V(-0.8f), r));
  V z = r * r;
  V s = r + r * z * polynomial(z, -0.16666655f, 0.008332181f, -0.00019517595f);
  V c = V(1) - (z * 0.5f - z * z * polynomial(z, 0.041666646f, -0.0013887378f, 2.4439481e-05f));
  auto swap = (n & 1) != 0;
  V sine = select(swap, c, s), cosine = select(swap, s, c);
  sine = select((n & 2) != 0, -sine, sine);
  cosine = select(((n + 1) & 2) != 0, -cosine, cosine);
  return {sine, cosine};
}
template <FloatVector V> LATHE_INLINE V sin(V x) { return sincos(x).sine; }
template <FloatVector V> LATHE_INLINE V cos(V x) { return sincos(x).cosine; }

template <FloatVector V> LATHE_INLINE V pow(V x, V y) { return narrow<V>(pow(widen(x), widen(y))); }

#define LATHE_BY_DOUBLE(NAME)                                                                                          \
  template <FloatVector V> LATHE_INLINE V NAME(V x) { return narrow<V>(NAME(widen(x))); }
LATHE_BY_DOUBLE(expm1)
LATHE_BY_DOUBLE(log1p)
LATHE_BY_DOUBLE(exp2)
LATHE_BY_DOUBLE(log2)
LATHE_BY_DOUBLE(log10)
LATHE_BY_DOUBLE(tan)
LATHE_BY_DOUBLE(atan)
LATHE_BY_DOUBLE(asin)
LATHE_BY_DOUBLE(acos)
LATHE_BY_DOUBLE(sinh)
LATHE_BY_DOUBLE(cosh)
LATHE_BY_DOUBLE(asinh)
LATHE_BY_DOUBLE(acosh)
LATHE_BY_DOUBLE(atanh)
LATHE_BY_DOUBLE(softplus)
#undef LATHE_BY_DOUBLE

// ---- built from the others -----------------------------------------------------------------------------------------

template <RealVector V> LATHE_INLINE V silu(V x) { return x / (V(1) + exp(-x)); }
template <RealVector V> LATHE_INLINE V gelu(V x) { return x * (V(0.5f) * (V(1) + erf(x * V(0.7071067811865476)))); }
template <RealVector V> LATHE_INLINE V geluTanh(V x) {
  V inner = V(0.7978845608028654) * (x + V(0.044715) * x * x * x);
  return x / (V(1) + exp(V(-2) * inner));
}

#define LATHE_SCALAR(NAME)                                                                                             \
  LATHE_INLINE float NAME(float x) { return NAME(Floats<1>(x))[0]; }                                                   \
  LATHE_INLINE double NAME(double x) { return NAME(Doubles<1>(x))[0]; }
LATHE_SCALAR(exp)
LATHE_SCALAR(exp2)
LATHE_SCALAR(expm1)
LATHE_SCALAR(log)
LATHE_SCALAR(log1p)
LATHE_SCALAR(log2)
LATHE_SCALAR(log10)
LATHE_SCALAR(sin)
LATHE_SCALAR(cos)
LATHE_SCALAR(tan)
LATHE_SCALAR(asin)
LATHE_SCALAR(acos)
LATHE_SCALAR(atan)
LATHE_SCALAR(sinh)
LATHE_SCALAR(cosh)
LATHE_SCALAR(tanh)
LATHE_SCALAR(asinh)
LATHE_SCALAR(acosh)
LATHE_SCALAR(atanh)
LATHE_SCALAR(erf)
LATHE_SCALAR(sigmoid)
LATHE_SCALAR(silu)
LATHE_SCALAR(softplus)
LATHE_SCALAR(gelu)
LATHE_SCALAR(geluTanh)
#undef LATHE_SCALAR
LATHE_INLINE float pow(float x, float y) { return pow(Floats<1>(x), Floats<1>(y))[0]; }
LATHE_INLINE double pow(double x, double y) { return pow(Doubles<1>(x), Doubles<1>(y))[0]; }

} // namespace lathe

#endif
