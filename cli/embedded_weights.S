// The default weights inside the program, so that it is one file. Aligned like a page: they are read in place.
  .section .rodata
  .balign 4096
  .global vgg16_embedded_weights
  .global vgg16_embedded_weights_end
vgg16_embedded_weights:
  .incbin VGG16_WEIGHTS_FILE
vgg16_embedded_weights_end:
  .byte 0
  .section .note.GNU-stack, "", %progbits
