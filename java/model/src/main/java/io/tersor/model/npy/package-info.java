/** NumPy's .npy files: one array each, in and out. */
package io.tersor.model.npy;
