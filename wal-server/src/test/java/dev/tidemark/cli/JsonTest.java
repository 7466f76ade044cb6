package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void object_hasItsFieldsInOrder() {
        assertThat(new Json().put("a", 1).put("b", true).put("c", "x")).hasToString("{\"a\":1,\"b\":true,\"c\":\"x\"}");
        assertThat(new Json()).hasToString("{}");
    }

    @Test
    void array_hasAnObjectAnItem() {
        assertThat(new Json().putEach("n", List.of(1, 2), item -> item.json().put("v", item.value())))
                .hasToString("{\"n\":[{\"v\":1},{\"v\":2}]}");
    }

    @Test
    void textIsEscaped_soThatALineStaysALine() {
        assertThat(Json.quoted("a\"b\\c\nd\te\u0001")).isEqualTo("\"a\\\"b\\\\c\\nd\\te\\u0001\"");
        assertThat(Json.quoted("é😀")).isEqualTo("\"é😀\"");
        assertThat(Json.quoted("\ud83d!")).isEqualTo("\"\\ud83d!\"");
    }
}
