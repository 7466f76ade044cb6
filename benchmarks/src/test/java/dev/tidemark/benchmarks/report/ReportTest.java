package dev.tidemark.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.benchmarks.JsonLine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

/** The golden files are made anew with {@code benchmarks/run.sh report src/test/resources/report src/test/resources/report/input.jsonl}. */
class ReportTest {

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(ReportTest.class.getResourceAsStream("/report/" + name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, String> report() throws IOException {
        return Report.of(resource("input.jsonl").lines().map(JsonLine::parse).toList());
    }

    @Test
    void sameInput_givesTheGoldenFiles() throws IOException {
        for (Map.Entry<String, String> file : report().entrySet()) {
            assertThat(file.getValue()).as(file.getKey()).isEqualTo(resource(file.getKey()));
        }
    }

    @Test
    void everyPlot_isShownOnThePageAndIsWellFormed() throws Exception {
        Map<String, String> files = report();
        String page = Objects.requireNonNull(files.get("README.md"));

        assertThat(files).hasSizeGreaterThan(6);
        for (Map.Entry<String, String> file : files.entrySet()) {
            if (file.getKey().endsWith(".svg")) {
                assertThat(page).contains("](" + file.getKey() + ")");
                assertThat(DocumentBuilderFactory.newInstance()
                                .newDocumentBuilder()
                                .parse(new ByteArrayInputStream(file.getValue().getBytes(StandardCharsets.UTF_8)))
                                .getDocumentElement()
                                .getTagName())
                        .isEqualTo("svg");
            }
        }
    }

    @Test
    void median_isTheMiddleOne_orBetweenTheTwo() {
        List<JsonLine> three = List.of(
                new JsonLine().put("a", 9), new JsonLine().put("a", 1), new JsonLine().put("a", 2), new JsonLine());

        assertThat(Report.median(three, "a")).isEqualTo(2);
        assertThat(Report.median(three.subList(0, 2), "a")).isEqualTo(5);
        assertThat(Report.median(three, "b")).isNaN();
    }

    @Test
    void figures_haveThreeDigitsThatCount() {
        assertThat(List.of(
                        Figure.brief(0),
                        Figure.brief(0.8),
                        Figure.brief(27.44),
                        Figure.brief(999.6),
                        Figure.brief(117_000),
                        Figure.brief(999_900),
                        Figure.brief(1_340_000)))
                .containsExactly("0", "0.8", "27.4", "1k", "117k", "1M", "1.34M");
        assertThat(List.of(Figure.bytes(16), Figure.bytes(4096), Figure.bytes(1 << 20)))
                .containsExactly("16 B", "4 KiB", "1 MiB");
    }

    @Test
    void axis_beginsAndEndsAtRoundNumbersAroundWhatIsShown() {
        assertThat(Axis.fromZero(1_332_654).ticks()).containsExactly(0.0, 500_000.0, 1_000_000.0, 1_500_000.0);
        assertThat(Axis.logarithmic(53, 6337).ticks()).containsExactly(10.0, 100.0, 1000.0, 10_000.0);
        assertThat(Axis.logarithmic(10, 10).ticks()).containsExactly(10.0, 100.0);
        assertThat(Axis.logarithmic(10, 1000).share(100)).isEqualTo(0.5);
    }
}
