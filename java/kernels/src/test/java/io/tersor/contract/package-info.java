/** The contract of every kernel, held against references written from the specs. */
package io.tersor.contract;
