/**
 * The backend that runs on oneDNN, through the generated bindings in {@code io.tersor.ffm.onednn}: a thin layer that
 * owns oneDNN's objects, and the kernels on top of it.
 *
 * <p>Threads: oneDNN's OpenMP build runs a primitive on as many threads as OpenMP's setting of the calling thread says.
 * Every run first sets that to the kernel's {@link io.tersor.kernel.Parallelism#threads()}, one by default, and leaves
 * it so; the workers are OpenMP's own. A library built on another threading runtime decides for itself.
 *
 * <p>The property {@code tersor.isa} caps the instruction set ({@link io.tersor.ffm.Isa});
 * {@code tersor.onednn.library} names another library file, {@code tersor.native.hidden} hides it
 * ({@link io.tersor.ffm.NativeLibrary}).
 */
package io.tersor.backend.onednn;
