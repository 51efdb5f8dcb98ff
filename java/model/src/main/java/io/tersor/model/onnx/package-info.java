/** ONNX files: models in and out, single tensors in. */
package io.tersor.model.onnx;
