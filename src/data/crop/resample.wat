;; Resizing a box of RGB pixels by weighted sums: first along columns ("rows" makes rows), then along rows. Weights are
;; 14-bit fractions, in pairs, so that one instruction multiplies and adds the pixels of two taps; between the passes
;; values keep 6 bits of fraction. Where a line has fewer taps, the other weights are 0.
(module
  (import "resample" "memory" (memory 1))

  ;; For each of `count` rows: Σ weight · source row, of `bytes` bytes, written as 16-bit numbers.
  (func (export "rows")
    (param $source i32) (param $stride i32) (param $bytes i32)
    (param $first i32) (param $weights i32) (param $pairs i32)
    (param $out i32) (param $outStride i32) (param $count i32)
    (local $start i32) (local $x i32) (local $k i32) (local $from i32) (local $weight i32)
    (local $above v128) (local $below v128) (local $mixed v128) (local $pair v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128) (local $half v128)
    (local.set $half (v128.const i32x4 128 128 128 128))
    (loop $row
      (local.set $start
        (i32.add (local.get $source) (i32.mul (local.get $stride) (i32.load (local.get $first)))))
      (local.set $x (i32.const 0))
      (loop $chunk
        (local.set $s0 (local.get $half))
        (local.set $s1 (local.get $half))
        (local.set $s2 (local.get $half))
        (local.set $s3 (local.get $half))
        (local.set $from (i32.add (local.get $start) (local.get $x)))
        (local.set $weight (local.get $weights))
        (local.set $k (local.get $pairs))
        (loop $tap
          (local.set $above (v128.load (local.get $from)))
          (local.set $below (v128.load (i32.add (local.get $from) (local.get $stride))))
          (local.set $pair (v128.load32_splat (local.get $weight)))
          (local.set $mixed
            (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $above) (local.get $below)))
          (local.set $s0 (i32x4.add (local.get $s0)
            (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_u (local.get $mixed)) (local.get $pair))))
          (local.set $s1 (i32x4.add (local.get $s1)
            (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_u (local.get $mixed)) (local.get $pair))))
          (local.set $mixed
            (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $above) (local.get $below)))
          (local.set $s2 (i32x4.add (local.get $s2)
            (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_u (local.get $mixed)) (local.get $pair))))
          (local.set $s3 (i32x4.add (local.get $s3)
            (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_u (local.get $mixed)) (local.get $pair))))
          (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 1))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (local.set $from (i32.add (local.get $out) (i32.shl (local.get $x) (i32.const 1))))
        (v128.store (local.get $from)
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (local.get $s0) (i32.const 8)) (i32x4.shr_s (local.get $s1) (i32.const 8))))
        (v128.store offset=16 (local.get $from)
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (local.get $s2) (i32.const 8)) (i32x4.shr_s (local.get $s3) (i32.const 8))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $chunk (i32.lt_u (local.get $x) (local.get $bytes))))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $pairs) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (local.get $outStride)))
      (br_if $row (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Four rows of 16-bit RGB pixels at a time: `width` pixels of each, Σ weight · pixel, written as bytes. `rows` is rounded
  ;; up to a multiple of four.
  (func (export "columns")
    (param $source i32) (param $stride i32)
    (param $first i32) (param $weights i32) (param $pairs i32)
    (param $out i32) (param $outStride i32) (param $width i32) (param $rows i32)
    (local $x i32) (local $k i32) (local $weight i32) (local $start i32) (local $to i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local $sa v128) (local $sb v128) (local $sc v128) (local $sd v128)
    (local $pixels v128) (local $pair v128) (local $half v128)
    (local.set $half (v128.const i32x4 524288 524288 524288 524288))
    (loop $four
      (local.set $x (local.get $width))
      (local.set $start (local.get $first))
      (local.set $weight (local.get $weights))
      (local.set $to (local.get $out))
      (loop $pixel
        (local.set $a (i32.add (local.get $source) (i32.mul (i32.load (local.get $start)) (i32.const 6))))
        (local.set $b (i32.add (local.get $a) (local.get $stride)))
        (local.set $c (i32.add (local.get $b) (local.get $stride)))
        (local.set $d (i32.add (local.get $c) (local.get $stride)))
        (local.set $sa (local.get $half))
        (local.set $sb (local.get $half))
        (local.set $sc (local.get $half))
        (local.set $sd (local.get $half))
        (local.set $k (local.get $pairs))
        (loop $tap
          (local.set $pair (v128.load32_splat (local.get $weight)))
          (local.set $pixels (v128.load (local.get $a)))
          (local.set $sa (i32x4.add (local.get $sa)
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 6 7 2 3 8 9 4 5 10 11 4 5 10 11 (local.get $pixels) (local.get $pixels))
              (local.get $pair))))
          (local.set $a (i32.add (local.get $a) (i32.const 12)))
          (local.set $pixels (v128.load (local.get $b)))
          (local.set $sb (i32x4.add (local.get $sb)
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 6 7 2 3 8 9 4 5 10 11 4 5 10 11 (local.get $pixels) (local.get $pixels))
              (local.get $pair))))
          (local.set $b (i32.add (local.get $b) (i32.const 12)))
          (local.set $pixels (v128.load (local.get $c)))
          (local.set $sc (i32x4.add (local.get $sc)
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 6 7 2 3 8 9 4 5 10 11 4 5 10 11 (local.get $pixels) (local.get $pixels))
              (local.get $pair))))
          (local.set $c (i32.add (local.get $c) (i32.const 12)))
          (local.set $pixels (v128.load (local.get $d)))
          (local.set $sd (i32x4.add (local.get $sd)
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 6 7 2 3 8 9 4 5 10 11 4 5 10 11 (local.get $pixels) (local.get $pixels))
              (local.get $pair))))
          (local.set $d (i32.add (local.get $d) (i32.const 12)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        ;; One pixel of each row in a vector: the fourth byte of each is not meant.
        (local.set $pixels
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $sa) (i32.const 20)) (i32x4.shr_s (local.get $sb) (i32.const 20)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $sc) (i32.const 20)) (i32x4.shr_s (local.get $sd) (i32.const 20)))))
        (local.set $a (local.get $to))
        (v128.store16_lane 0 (local.get $a) (local.get $pixels))
        (v128.store8_lane offset=2 2 (local.get $a) (local.get $pixels))
        (local.set $a (i32.add (local.get $a) (local.get $outStride)))
        (v128.store16_lane 2 (local.get $a) (local.get $pixels))
        (v128.store8_lane offset=2 6 (local.get $a) (local.get $pixels))
        (local.set $a (i32.add (local.get $a) (local.get $outStride)))
        (v128.store16_lane 4 (local.get $a) (local.get $pixels))
        (v128.store8_lane offset=2 10 (local.get $a) (local.get $pixels))
        (local.set $a (i32.add (local.get $a) (local.get $outStride)))
        (v128.store16_lane 6 (local.get $a) (local.get $pixels))
        (v128.store8_lane offset=2 14 (local.get $a) (local.get $pixels))
        (local.set $to (i32.add (local.get $to) (i32.const 3)))
        (local.set $start (i32.add (local.get $start) (i32.const 4)))
        (br_if $pixel (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (i32.shl (local.get $outStride) (i32.const 2))))
      (br_if $four
        (i32.gt_s (local.tee $rows (i32.sub (local.get $rows) (i32.const 4))) (i32.const 0))))))
