/** The contract of every kernel, checked on every backend and instruction set against references written from the specs. */
package io.tersor.contract;
