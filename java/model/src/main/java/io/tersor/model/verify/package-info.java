/** Runs ONNX's own backend tests through the importer and the executor. */
package io.tersor.model.verify;
