package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example in {@code docs/crash-test.md}, as a reader would use it: compiled for itself, and found on its own class path. */
class AdapterFromADocumentTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "crash-test.md");

    @TempDir
    Path directory;

    @TempDir
    Path classes;

    @BeforeEach
    void compiles() throws IOException {
        Matcher code = Pattern.compile("(?s)```java\n(.*?)```").matcher(Files.readString(DOCUMENT));
        assertThat(code.find()).isTrue();
        Path source = Files.writeString(classes.resolve("LineLogAdapter.java"), code.group(1));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<String> options = List.of(
                    "-d",
                    classes.toString(),
                    "-proc:none",
                    "-cp",
                    Path.of(LogAdapter.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .getPath())
                            .toString());
            boolean isCompiled = compiler.getTask(said, files, null, options, null, files.getJavaFileObjects(source))
                    .call();
            assertThat(isCompiled).as(said.toString()).isTrue();
        }
    }

    private CrashTestRun run(String tests) {
        return CrashTestRun.of(
                "--dir",
                directory,
                "--adapter",
                "com.example.LineLogAdapter",
                "--classpath",
                classes,
                "--tests",
                tests,
                "--seconds",
                90,
                "--kills",
                2);
    }

    @Test
    void adapterFromAClassPath_isTested() {
        CrashTestRun run = run("power,kill");

        assertThat(run.exitCode()).as(run.all()).isZero();
        assertThat(run.out())
                .contains(
                        "kill    held",
                        "the log promises to survive the end of its process only",
                        "process crash only");
    }

    @Test
    void adapterThatIsNotOnTheClassPath_isUnknown() {
        CrashTestRun run = CrashTestRun.of(
                "--dir", directory, "--adapter", "com.example.LineLogAdapter", "--tests", "kill", "--kills", 1);

        assertThat(run.exitCode()).as(run.all()).isEqualTo(2);
    }
}
