/**
 * The way to native code: finding, extracting and loading libraries, and what the CPU can do. The generated bindings of
 * oneDNN lie in {@code io.tersor.ffm.onednn}.
 */
package io.tersor.ffm;
