/** Functions whose built-in forms are inexact or overflow on some adapters. Polynomials: Cephes (exp, log, sin, cos), Eigen (tanh, erf). Gates: what Gelu multiplies x with, and its slope. */
export const MATHS = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn x_min(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, is_nan(b)), a, is_nan(a)); }
fn x_max(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }
fn x_exp(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x > 88.72283) { return from_bits(0x7f800000u); }
  if (x < -103.97) { return 0.0; }
  let n = floor(x * 1.4426950408889634 + 0.5);
  let r = x - n * 0.693359375 + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3; p = p * r + 8.3334519073e-3; p = p * r + 4.1665795894e-2; p = p * r + 1.6666665459e-1; p = p * r + 5.0000001201e-1;
  let half = i32(n) / 2;
  return (p * r * r + r + 1.0) * power_of_two(half) * power_of_two(i32(n) - half);
}
fn power_of_two(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }
fn x_log(x: f32) -> f32 {
  if (is_nan(x) || x < 0.0) { return from_bits(0x7fc00000u); }
  if (x == 0.0) { return from_bits(0xff800000u); }
  if (bitcast<u32>(x) == 0x7f800000u) { return x; }
  let small = x < 1.17549435e-38;
  let bits = bitcast<u32>(select(x, x * 8388608.0, small));
  var e = f32(i32(bits >> 23u) - 126 - select(0, 23, small));
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.70710678) { e -= 1.0; m = m + m - 1.0; } else { m = m - 1.0; }
  let z = m * m;
  var p = 7.0376836292e-2;
  p = p * m - 1.1514610310e-1; p = p * m + 1.1676998740e-1; p = p * m - 1.2420140846e-1; p = p * m + 1.4249322787e-1;
  p = p * m - 1.6668057665e-1; p = p * m + 2.0000714765e-1; p = p * m - 2.4999993993e-1; p = p * m + 3.3333331174e-1;
  return m + (p * m * z - 2.12194440e-4 * e - 0.5 * z) + 0.693359375 * e;
}
fn x_log1p(x: f32) -> f32 {
  let u = 1.0 + x;
  return select(x_log(u) * (x / (u - 1.0)), x, u == 1.0);
}
fn octant_sine(x: f32, shift: u32) -> f32 {
  var octant = u32(floor(abs(x) * 1.27323954473516));
  octant += octant & 1u;
  let y = f32(octant);
  let r = ((abs(x) - y * 0.78515625) - y * 2.4187564849853515625e-4) - y * 3.77489497744594108e-8;
  let z = r * r;
  let sine = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let cosine = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let quadrant = (octant / 2u + shift) & 3u;
  let value = select(sine, cosine, (quadrant & 1u) == 1u);
  return select(value, -value, quadrant >= 2u);
}
fn x_sin(x: f32) -> f32 { return select(octant_sine(x, 0u), -octant_sine(x, 0u), x < 0.0); }
fn x_cos(x: f32) -> f32 { return octant_sine(x, 1u); }
fn x_tanh(value: f32) -> f32 {
  if (is_nan(value)) { return value; }
  if (abs(value) < 0.0004) { return value; }
  let x = clamp(value, -7.90531110763549805, 7.90531110763549805);
  let z = x * x;
  var p = -2.76076847742355e-16;
  p = p * z + 2.00018790482477e-13; p = p * z - 8.60467152213735e-11; p = p * z + 5.12229709037114e-8;
  p = p * z + 1.48572235717979e-5; p = p * z + 6.37261928875436e-4; p = p * z + 4.89352455891786e-3;
  let q = ((1.19825839466702e-6 * z + 1.18534705686654e-4) * z + 2.26843463243900e-3) * z + 4.89352518554385e-3;
  return x * p / q;
}
fn x_erf(value: f32) -> f32 {
  if (is_nan(value)) { return value; }
  let x = clamp(value, -4.0, 4.0);
  let z = x * x;
  var p = -2.72614225801306e-10;
  p = p * z + 2.77068142495902e-8; p = p * z - 2.10102402082508e-6; p = p * z - 5.69250639462346e-5;
  p = p * z - 7.34990630326855e-4; p = p * z - 2.95459980854025e-3; p = p * z - 1.60960333262415e-2;
  var q = -1.45660718464996e-5;
  q = q * z - 2.13374055278905e-4; q = q * z - 1.68282697438203e-3; q = q * z - 7.37332916720468e-3; q = q * z - 1.42647390514189e-2;
  return x * p / q;
}
fn x_sigmoid(x: f32) -> f32 {
  let e = x_exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
fn gate_none(z: f32) -> f32 { return 0.5 + 0.5 * x_erf(z); }
fn gate_tanh(z: f32) -> f32 { return 0.5 + 0.5 * x_tanh(z); }
fn gate_sigmoid(z: f32) -> f32 { return x_sigmoid(z); }
fn gate_slope_none(z: f32) -> vec2f { return vec2f(gate_none(z), 0.5641895835 * x_exp(-z * z)); }
fn gate_slope_tanh(z: f32) -> vec2f { let t = x_tanh(z); return vec2f(0.5 + 0.5 * t, 0.5 - 0.5 * t * t); }
fn gate_slope_sigmoid(z: f32) -> vec2f { let s = x_sigmoid(z); return vec2f(s, s * (1.0 - s)); }
fn gelu_slope(x: f32, gate: vec2f, slope: f32) -> f32 { return gate.x + x * gate.y * slope; }
fn x_pow(a: f32, b: f32) -> f32 {
  if (b == 0.0 || a == 1.0) { return 1.0; }
  let whole = floor(b) == b;
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) != 0;
  if (a < 0.0 && !whole) { return from_bits(0x7fc00000u); }
  var magnitude: f32;
  if (whole && abs(b) <= 8.0) {
    magnitude = 1.0;
    for (var i = 0; i < i32(abs(b)); i++) { magnitude *= abs(a); }
    if (b < 0.0) { magnitude = 1.0 / magnitude; }
  } else if (b == 0.5) { magnitude = sqrt(a); } else { magnitude = x_exp(b * x_log(abs(a))); }
  return select(magnitude, -magnitude, a < 0.0 && odd);
}
fn of_infinity(a: f32, b: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) < 0x7f800000u && (bitcast<u32>(b) & 0x7fffffffu) == 0x7f800000u; }
fn x_fmod(a: f32, b: f32) -> f32 {
  if (of_infinity(a, b)) { return a; }
  return a % b;
}
fn x_mod(a: f32, b: f32) -> f32 {
  if (of_infinity(a, b)) { return select(a, b, a != 0.0 && (a < 0.0) != (b < 0.0)); }
  return a - b * floor(a / b);
}
fn i_pow(a: i32, b: i32) -> i32 {
  if (b < 0) { return select(select(0, select(-1, 1, (b & 1) == 0), a == -1), 1, a == 1); }
  var out = 1; var base = a; var n = b;
  while (n > 0) { if ((n & 1) == 1) { out *= base; } base *= base; n >>= 1u; }
  return out;
}
`;
