package dev.tidemark.wal.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The build runs this a second time in a JVM that denies {@code sun.misc.Unsafe}, and says there that the JDK's must be taken. */
class BytesChoiceTest {

    @Test
    void choice_goesOverToChronicleWhereItRuns_andSaysWhyWhereItDoesNot() {
        String expected = System.getProperty("tidemark.test.bytes", "chronicle");

        BytesChoice.warmUp();
        BytesProvider chosen = BytesChoice.current();
        BytesChoice.warmUp();

        assertThat(BytesChoice.current()).isSameAs(chosen);
        assertThat(chosen.name()).as(BytesChoice.description()).isEqualTo(expected);
        if (expected.equals("jdk")) {
            assertThat(BytesChoice.description()).startsWith("jdk; chronicle cannot run here: java.lang.");
        } else {
            assertThat(BytesChoice.description()).isEqualTo("chronicle");
        }
    }

    @Test
    void whateverIsChosen_works() throws MalformedBytesException {
        ByteSink sink = BytesChoice.current().newSink(8);
        sink.putText("still here");
        assertThat(BytesChoice.current().sourceOf(sink.toByteArray()).readText(100))
                .isEqualTo("still here");
        IndexMemory memory = BytesChoice.current().newIndexMemory(10);
        assertThat(memory.append(1, 2, 3)).isTrue();
        assertThat(memory.get(0, 2)).isEqualTo(3);
        memory.release();
    }
}
