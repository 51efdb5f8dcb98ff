/** Networks of known architectures with seeded random weights: realistic load without a download. */
package io.tersor.bench.networks;
