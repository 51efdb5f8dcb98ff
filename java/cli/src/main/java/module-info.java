module io.tersor.cli {
    requires io.tersor.compress;
    requires info.picocli;
    requires tools.jackson.databind;
    requires me.tongfei.progressbar;
}
