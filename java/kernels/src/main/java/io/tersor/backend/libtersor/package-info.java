/** Our own C kernels, libtersor: its raw binding, the kernels around it, and the choice of the instruction set. */
package io.tersor.backend.libtersor;
