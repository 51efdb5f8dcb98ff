/** The {@code tersor} command. */
module io.tersor.cli {
    requires transitive io.tersor.compress;
    requires transitive info.picocli;
    requires tools.jackson.databind;
    requires me.tongfei.progressbar;
    requires java.logging;
    requires java.management;
    requires jdk.management;

    exports io.tersor.cli;

    opens io.tersor.cli to info.picocli;

    uses io.tersor.cli.Subcommand;
}
