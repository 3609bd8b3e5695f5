// The weights as data (vgg16/embedded_weights.h). Aligned like a page: they are read in place.
  .section .rodata
  .global vgg16_embedded_weights
  .global vgg16_embedded_weights_end
  .global vgg16_embedded_weights_sha256
  .balign 4096
vgg16_embedded_weights:
  .incbin VGG16_WEIGHTS_FILE
vgg16_embedded_weights_end:
  .byte 0
vgg16_embedded_weights_sha256:
  .asciz VGG16_WEIGHTS_SHA256
  .section .note.GNU-stack, "", %progbits
