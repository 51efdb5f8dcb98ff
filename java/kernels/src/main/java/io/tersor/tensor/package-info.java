/** Element types, shapes, and typed views of native memory. */
package io.tersor.tensor;
