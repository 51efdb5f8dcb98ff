/** The operators of ONNX Runtime's domain {@code com.microsoft}, written in ONNX's own. */
package io.tersor.model.contrib;
