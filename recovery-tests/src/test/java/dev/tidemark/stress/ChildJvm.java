package dev.tidemark.stress;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** How to start another JVM like this one: the same JDK, the same class path, assertions on. */
public final class ChildJvm {
    /** Keeps what a child logs out of its report. */
    static final String QUIET = "-Dlogback.configurationFile=dev/tidemark/stress/quiet-logback.xml";

    private ChildJvm() {}

    /** For one that lives for a moment only, so that starting fast is all. */
    static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData");

    /** The command line for a main class. The caller adds arguments, and starts and ends the process. */
    public static List<String> command(String heap, List<String> options, String mainClass, String... arguments) {
        List<String> command = java(heap);
        command.addAll(options);
        command.addAll(List.of("-cp", classPath(), mainClass));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    /** The command line for one of many that live for a moment only. */
    static List<String> shortLived(String heap, Class<?> mainClass, String... arguments) {
        ClassArchive archive = ClassArchive.shared();
        List<String> command = java(heap);
        command.addAll(SHORT_LIVED);
        command.addAll(archive.options());
        command.addAll(List.of("-cp", archive.classPath(), mainClass.getName()));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    /** How its command line begins, whatever it runs. */
    static List<String> java(String heap) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-Dfile.encoding=UTF-8",
                QUIET,
                "-ea"));
    }

    /** The class path of this JVM, without entries that do not exist: not every tool takes those. */
    public static String classPath() {
        String known = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(known.split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty() && Files.exists(Path.of(entry)))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
