;; Copies regions of one size, which lie anywhere in memory, to one place, one after the other.
(module
  (import "gather" "memory" (memory 1))
  (func (export "gather") (param $places i32) (param $count i32) (param $size i32) (param $out i32)
    (loop $region
      (memory.copy (local.get $out) (i32.load (local.get $places)) (local.get $size))
      (local.set $places (i32.add (local.get $places) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (local.get $size)))
      (br_if $region (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
