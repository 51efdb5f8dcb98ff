/** What a call costs when there is next to nothing to do. */
package io.tersor.bench.calls;
