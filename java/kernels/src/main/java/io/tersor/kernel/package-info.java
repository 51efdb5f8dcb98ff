/**
 * What callers see of the kernels: a spec (an immutable record that can be printed and compared), the kernel prepared
 * from it (run many times, from any thread, closed once), and the registry that picks the backend.
 */
package io.tersor.kernel;
