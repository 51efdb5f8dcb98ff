/** Plain Java kernels, written for clarity: the reference of every other backend, and there where nothing else is. */
package io.tersor.backend.scalar;
