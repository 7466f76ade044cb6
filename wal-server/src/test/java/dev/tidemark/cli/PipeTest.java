package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a shell does with commands. */
class PipeTest {

    @TempDir
    Path directory;

    private Path store;
    private Path err;

    @BeforeEach
    void aStoreThatFillsAPipe() {
        store = CliRun.store(directory.resolve("a store"), "orders-0", 20_000);
        err = directory.resolve("err.txt");
    }

    private String run(String line) throws IOException, InterruptedException {
        Process shell = CliProcess.shell(line.replace("$STORE", "'" + store + "'"), err);
        shell.getOutputStream().close();
        String out = CliProcess.allOf(shell);
        CliProcess.exitCode(shell);
        return out;
    }

    @Test
    void readerThatStopsReading_endsTheCommandQuietly() throws Exception {
        assertThat(run("$WAL fetch --data $STORE orders-0 | head -n 2; echo ${PIPESTATUS[0]}"))
                .isEqualTo("value 0\nvalue 1\n141\n");
        assertThat(run("$WAL dump --data $STORE orders-0 --json | head -n 1 | wc -l; echo ${PIPESTATUS[0]}"))
                .endsWith("141\n");
        assertThat(err).hasContent("");
    }

    @Test
    void fetchIntoProduce_copiesAPartition() throws Exception {
        run("$WAL fetch --data $STORE orders-0 | $WAL produce --data $STORE-2 copy-0");

        assertThat(Files.readString(err)).contains("produced 20,000 records");
        assertThat(CliRun.of("fetch", "--data", store + "-2", "copy-0").out())
                .isEqualTo(CliRun.of("fetch", "--data", store, "orders-0").out());
    }

    @Test
    void outputInAPipe_hasNeitherColoursNorProgress() throws Exception {
        String out = run("TERM=xterm $WAL verify --data $STORE; TERM=xterm $WAL stat --data $STORE");

        assertThat(out).contains("orders-0").doesNotContain("\u001b").doesNotContain("\r");
        assertThat(Files.readString(err)).doesNotContain("\u001b").doesNotContain("\r");
    }
}
