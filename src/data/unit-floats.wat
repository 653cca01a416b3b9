;; Bytes to floats, divided by 255, sixteen at a time.
(module
  (import "floats" "memory" (memory 1))
  (func (export "divide") (param $from i32) (param $to i32) (param $end i32)
    (local $bytes v128) (local $half v128) (local $divisor v128)
    (local.set $divisor (f32x4.splat (f32.const 255)))
    (loop $sixteen
      (local.set $bytes (v128.load (local.get $from)))
      (local.set $half (i16x8.extend_low_i8x16_u (local.get $bytes)))
      (v128.store (local.get $to)
        (f32x4.div (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (local.get $half))) (local.get $divisor)))
      (v128.store offset=16 (local.get $to)
        (f32x4.div (f32x4.convert_i32x4_u (i32x4.extend_high_i16x8_u (local.get $half))) (local.get $divisor)))
      (local.set $half (i16x8.extend_high_i8x16_u (local.get $bytes)))
      (v128.store offset=32 (local.get $to)
        (f32x4.div (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (local.get $half))) (local.get $divisor)))
      (v128.store offset=48 (local.get $to)
        (f32x4.div (f32x4.convert_i32x4_u (i32x4.extend_high_i16x8_u (local.get $half))) (local.get $divisor)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (br_if $sixteen
        (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 16))) (local.get $end))))))
