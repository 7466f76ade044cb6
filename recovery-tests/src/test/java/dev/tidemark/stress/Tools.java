package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Programs of the machine that a test needs, and what becomes of a test when they are missing. */
final class Tools {
    private static final long LONGEST_SECONDS = 120;

    private Tools() {}

    /** The outcome of a program that has ended. */
    record Ended(int exitCode, String output) {}

    /**
     * Passes if all of them are installed. Otherwise the test is skipped and says so; or fails, where the environment says with {@code
     * TIDEMARK_CI=true} that everything that can be installed is.
     */
    static void require(String test, String... programs) {
        List<String> missing =
                Stream.of(programs).filter(program -> find(program) == null).toList();
        if (!missing.isEmpty()) {
            String reason = test + " needs " + String.join(", ", missing);
            if ("true".equals(System.getenv("TIDEMARK_CI"))) {
                fail(reason);
            }
            skip(reason);
        }
    }

    /** Skips the test, with a reason that is printed: the machine does not allow it, and nothing that could be installed would help. */
    static void skip(String reason) {
        System.out.println("skipped: " + reason);
        Assumptions.abort(reason);
    }

    private static @Nullable Path find(String program) {
        // The programs that make file systems are not on everybody's path.
        String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
        return Stream.of(path.split(File.pathSeparator))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /** Runs a program to its end. */
    static Ended run(String program, String... arguments) throws IOException, InterruptedException {
        Path executable = find(program);
        assertThat(executable).as(program).isNotNull();
        Path output = Files.createTempFile("tidemark-tool", ".txt");
        try {
            Process process = new ProcessBuilder(Stream.concat(Stream.of(executable.toString()), Stream.of(arguments))
                            .toList())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                assertThat(process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS))
                        .as("%s came to its end", program)
                        .isTrue();
            } finally {
                process.destroyForcibly();
            }
            return new Ended(process.exitValue(), Files.readString(output, StandardCharsets.ISO_8859_1));
        } finally {
            Files.delete(output);
        }
    }
}
