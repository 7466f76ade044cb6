package dev.tidemark.crashtest;

import dev.tidemark.cli.Console;
import dev.tidemark.cli.Main;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One {@code wal crash-test}, run in this JVM; the log runs in children of it.
 *
 * @param exitCode how it ended
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record CrashTestRun(int exitCode, String out, String err) {

    static CrashTestRun of(Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err, false, false, Map.of());
        List<String> words = new ArrayList<>(List.of("crash-test"));
        for (Object arg : args) {
            words.add(arg.toString());
        }
        int exitCode = Main.run(console, words.toArray(String[]::new));
        console.err().flush();
        return new CrashTestRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** All of it, for a test that fails. */
    String all() {
        return "exit code " + exitCode + "\n" + out + err;
    }
}
