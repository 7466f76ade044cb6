package dev.tidemark.mutant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PatchTest {
    private static final List<String> FORGETS_THE_FORCE = List.of(
            "Removed: the force.",
            "",
            "--- a/log/Log.java",
            "+++ b/log/Log.java",
            "@@ -2,3 +2,2 @@",
            " write();",
            "-force();",
            " publish();");

    @TempDir
    Path root;

    private void source(String... lines) throws Exception {
        Files.createDirectories(root.resolve("log"));
        Files.write(root.resolve("log/Log.java"), List.of(lines));
    }

    private Map<String, String> applied(List<String> patch) throws Exception {
        return Patch.parse(patch).applyBelow(root);
    }

    @Test
    void contextStandsAsItDid_linesAreReplacedAndNothingIsWritten() throws Exception {
        source("gather();", "write();", "force();", "publish();", "acknowledge();");
        assertThat(applied(FORGETS_THE_FORCE))
                .containsOnly(Map.entry("log/Log.java", "gather();\nwrite();\npublish();\nacknowledge();\n"));
        assertThat(root.resolve("log/Log.java")).content().contains("force();");
        assertThat(Patch.parse(FORGETS_THE_FORCE).head()).containsExactly("Removed: the force.", "");
    }

    @Test
    void linesWereAddedAbove_appliesAllTheSame() throws Exception {
        source("one", "two", "three", "write();", "force();", "publish();");
        assertThat(applied(FORGETS_THE_FORCE)).containsEntry("log/Log.java", "one\ntwo\nthree\nwrite();\npublish();\n");
    }

    @Test
    void lineOfTheContextIsAnotherOne_isAMisfitThatNamesFileAndLine() throws Exception {
        source("gather();", "writeAll();", "force();", "publish();");
        assertThatThrownBy(() -> applied(FORGETS_THE_FORCE))
                .isInstanceOf(Patch.Misfit.class)
                .hasMessageContaining("log/Log.java:2")
                .hasMessageContaining("no longer");
    }

    @Test
    void contextStandsTwice_theLineDecidesOrItIsAMisfit() throws Exception {
        source("gather();", "write();", "force();", "publish();", "write();", "force();", "publish();");
        assertThat(applied(FORGETS_THE_FORCE).get("log/Log.java")).startsWith("gather();\nwrite();\npublish();");
        source("one", "gather();", "write();", "force();", "publish();", "write();", "force();", "publish();");
        assertThatThrownBy(() -> applied(FORGETS_THE_FORCE))
                .isInstanceOf(Patch.Misfit.class)
                .hasMessageContaining("2 times");
    }

    @Test
    void fileIsGone_isAMisfit() {
        assertThatThrownBy(() -> applied(FORGETS_THE_FORCE))
                .isInstanceOf(Patch.Misfit.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void countsOfTheHunkAreWrong_isAMisfit() {
        for (String header : List.of("@@ -2,4 +2,2 @@", "@@ -2,3 +2,3 @@", "@@ -2 +2 @@", "@@ nowhere @@")) {
            List<String> wrong = FORGETS_THE_FORCE.stream()
                    .map(line -> line.startsWith("@@") ? header : line)
                    .toList();
            assertThatThrownBy(() -> Patch.parse(wrong)).as(header).isInstanceOf(Patch.Misfit.class);
        }
    }

    @Test
    void nothingIsChanged_isAMisfit() {
        assertThatThrownBy(() -> Patch.parse(List.of("--- a/X", "+++ b/X", "@@ -1,1 +1,1 @@", " same")))
                .isInstanceOf(Patch.Misfit.class);
        assertThatThrownBy(() -> Patch.parse(List.of("only words"))).isInstanceOf(Patch.Misfit.class);
        assertThatThrownBy(() -> Patch.parse(List.of("--- a/X", "+++ b/Y", "@@ -1,1 +1,0 @@", "-gone")))
                .isInstanceOf(Patch.Misfit.class);
    }
}
