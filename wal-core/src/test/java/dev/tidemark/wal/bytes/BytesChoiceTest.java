package dev.tidemark.wal.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BytesChoiceTest {

    @Test
    void choice_goesOverToChronicleWhereItRuns_andSaysWhyWhereItDoesNot() {
        BytesChoice.warmUp();
        BytesProvider first = BytesChoice.current();
        BytesChoice.warmUp();

        assertThat(BytesChoice.current()).isSameAs(first);
        // Set by the build's second run, in a JVM that refuses what Chronicle needs.
        String expected = System.getProperty("tidemark.test.bytes", first.name());
        assertThat(first.name()).isEqualTo(expected);
        if (first.name().equals("chronicle")) {
            assertThat(BytesChoice.description()).isEqualTo("chronicle");
        } else {
            assertThat(first.name()).isEqualTo("jdk");
            assertThat(BytesChoice.description()).startsWith("jdk; chronicle cannot run here: java.lang.");
        }
    }
}
