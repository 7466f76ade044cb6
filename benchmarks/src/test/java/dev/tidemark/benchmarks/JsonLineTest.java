package dev.tidemark.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class JsonLineTest {

    @Test
    void whatWasWritten_isReadAsItWas() {
        JsonLine line = new JsonLine()
                .put("peer", "a \"quoted\" \\ name")
                .put("appends", 12_345_678_901L)
                .put("p99_us", 1.2345);

        JsonLine read = JsonLine.parse(line.toString());

        assertThat(read.toString()).isEqualTo(line.toString());
        assertThat(read.text("peer")).isEqualTo("a \"quoted\" \\ name");
        assertThat(read.number("appends")).isEqualTo(12_345_678_901.0);
        assertThat(read.number("p99_us")).isEqualTo(1.234, within(0.001));
    }

    @Test
    void fieldThatIsMissing_isNoNumberAndNoText() {
        JsonLine line = JsonLine.parse("{\"a\":null,\"b\":\"text\"}");

        assertThat(line.number("a")).isNaN();
        assertThat(line.number("b")).isNaN();
        assertThat(line.number("c")).isNaN();
        assertThat(line.text("c")).isEmpty();
    }

    @Test
    void numberThatIsNone_isLeftOut() {
        assertThat(new JsonLine().put("a", Double.NaN).put("b", 1).toString()).isEqualTo("{\"b\":1}");
    }
}
