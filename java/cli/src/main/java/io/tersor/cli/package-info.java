/** The {@code tersor} command: {@link io.tersor.cli.Main}, and what other modules need to add subcommands to it. */
package io.tersor.cli;
