/** Other libraries, called from this JVM: how they are loaded and run, without what is measured of them. */
package io.tersor.bench.peers;
