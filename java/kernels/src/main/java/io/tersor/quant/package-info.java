/** Affine quantization: parameters, roundings, and the one quantizer that defines them. */
package io.tersor.quant;
