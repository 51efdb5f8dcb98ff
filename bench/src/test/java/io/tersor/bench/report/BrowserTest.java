package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page in a real browser, where there is one: on a screen and on a phone, in light and in dark. */
@Tag("slow")
class BrowserTest {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");
    private static final List<Integer> WIDTHS = List.of(1280, 390, 360);
    private static final int HEIGHT = 2000;
    private static final double LEAST_FONT_PIXELS = 10;
    /** Writes into the outer page's title what only a browser knows: widths, the font of charts, the background. */
    private static final String PROBE = """
            <script>
            const fonts = [...document.querySelectorAll("svg")].filter(svg => svg.getBoundingClientRect().width > 0)
                .map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
                    * Math.min(...[...svg.querySelectorAll("text")]
                        .map(text => parseFloat(getComputedStyle(text).fontSize))));
            parent.document.title = [innerWidth, document.documentElement.scrollWidth, fonts.length, Math.min(...fonts),
                getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).join("-")].join(" ");
            </script>
            """;

    @TempDir
    private static Path folder;

    private static String browser;

    @BeforeAll
    static void findBrowser() throws IOException {
        Optional<Path> found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(place -> NAMES.stream().map(name -> Path.of(place, name))).filter(Files::isExecutable)
                .findFirst();
        assumeTrue(found.isPresent(), "none of " + NAMES + " is on the PATH: the page was not looked at in a browser");
        browser = found.get().toString();
        String html = Report.html(SampleResults.full());
        Files.writeString(folder.resolve("page.html"), html);
        // In a frame, since windows of this browser are not as narrow as phones.
        String probe = html.replace("</body>", PROBE + "</body>").replace("&", "&amp;").replace("\"", "&quot;");
        for (int width : WIDTHS) {
            Files.writeString(folder.resolve("probe-" + width + ".html"), "<!DOCTYPE html><title></title><iframe width="
                    + width + " height=" + HEIGHT + " style='border: 0' srcdoc=\"" + probe + "\"></iframe>");
        }
    }

    private static String run(int width, Palette palette, String file, String output) throws IOException,
            InterruptedException {
        Path printed = folder.resolve("printed.txt");
        List<String> command = new ArrayList<>(List.of(browser, "--headless", "--no-sandbox", "--disable-gpu",
                "--hide-scrollbars", "--user-data-dir=" + folder.resolve("profile"), "--window-size=" + width + ","
                + HEIGHT, "--blink-settings=preferredColorScheme=" + (palette == Palette.DARK ? 0 : 1), output,
                folder.resolve(file).toUri().toString()));
        Process process = new ProcessBuilder(command).redirectOutput(printed.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        assertTrue(ended && process.exitValue() == 0, command + " does not end well");
        return Files.readString(printed);
    }

    @ParameterizedTest
    @CsvSource({"1280,LIGHT", "1280,DARK", "390,LIGHT", "390,DARK", "360,LIGHT"})
    void fitsAndCanBeRead(int width, Palette palette) throws IOException, InterruptedException {
        Matcher title = Pattern.compile("<title>(\\d+) (\\d+) (\\d+) ([\\d.]+) ([\\d-]+)</title>")
                .matcher(run(1400, palette, "probe-" + width + ".html", "--dump-dom"));
        assertTrue(title.find(), "the page's script did not run");
        assertEquals(width, Integer.parseInt(title.group(1)), "width of the frame");
        assertTrue(Integer.parseInt(title.group(2)) <= width, "the page scrolls sideways: " + title.group(2));
        int charts = PageDocument.all(PageDocument.page(), "figure").size();
        assertEquals(charts, Integer.parseInt(title.group(3)), "one drawing of each chart");
        assertTrue(Double.parseDouble(title.group(4)) >= LEAST_FONT_PIXELS, "font of charts: " + title.group(4));
        assertEquals(channels(palette), title.group(5), "background");
    }

    private static String channels(Palette palette) {
        int colour = Integer.parseInt(palette.colours().get("page").substring(1), 16);
        return (colour >> 16) + "-" + (colour >> 8 & 255) + "-" + (colour & 255);
    }

    @ParameterizedTest
    @CsvSource({"1280,LIGHT", "1280,DARK", "390,LIGHT", "390,DARK"})
    void isNotBlank(int width, Palette palette) throws IOException, InterruptedException {
        Path file = folder.resolve(width + "-" + palette + ".png");
        run(width, palette, "page.html", "--screenshot=" + file);
        BufferedImage image = ImageIO.read(file.toFile());
        assertEquals(width, image.getWidth());
        Map<Integer, Integer> pixels = new HashMap<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                pixels.merge(image.getRGB(x, y) & 0xFFFFFF, 1, Integer::sum);
            }
        }
        int page = pixels.getOrDefault(Integer.parseInt(palette.colours().get("page").substring(1), 16), 0);
        double share = page / (double) (image.getWidth() * image.getHeight());
        assertTrue(pixels.size() > 50, pixels.size() + " colours");
        assertTrue(share > 0.3 && share < 0.97, "share of the background: " + share);
    }
}
