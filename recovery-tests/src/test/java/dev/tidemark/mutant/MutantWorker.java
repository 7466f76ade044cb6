package dev.tidemark.mutant;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A process in which mutants are tried, one after the other, each with class loaders of its own. It is told on its input what to
 * run, and answers on its output. A mutant may hang, eat memory or stop the JVM: that ends this process and no other.
 *
 * <p><b>Threads.</b> One listens, one tries; beside those of the engines.
 */
final class MutantWorker {
    private static final int LONGEST_LINE = 400;
    /** What {@code ChildJvm} gives the processes that it starts as their class path. */
    private static final String CHILD_CLASS_PATH = "surefire.test.class.path";

    private final String classPath;
    private String presentClasses = "";
    private MutantLoader present;

    private MutantWorker(String classPath) throws IOException {
        this.classPath = classPath;
        this.present = MutantLoader.of(presentClasses, classPath);
    }

    /** What is asked; the words that {@link WorkerJvm} writes. */
    private record Question(String classes, Part part, String what) {}

    public static void main(String[] arguments) throws IOException {
        DataInputStream asked = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream answers = new DataOutputStream(new BufferedOutputStream(System.out));
        // What tests print is not an answer.
        System.setOut(System.err);
        MutantWorker worker = new MutantWorker(System.getProperty("java.class.path"));
        ExecutorService runner = Executors.newSingleThreadExecutor(task -> new Thread(task, "mutant-runner"));
        try {
            while (true) {
                Question question = new Question(asked.readUTF(), Part.valueOf(asked.readUTF()), asked.readUTF());
                runner.execute(() -> worker.answer(question, answers));
            }
        } catch (EOFException e) {
            // Nothing more is asked, or who asked is gone. A mutant may hang: that must not keep this process alive.
            Runtime.getRuntime().halt(0);
        }
    }

    private void answer(Question question, DataOutputStream answers) {
        try {
            answerOrFail(question, answers);
            answers.flush();
        } catch (IOException e) {
            // Who asked does not listen any more.
            Runtime.getRuntime().halt(1);
        }
    }

    private void answerOrFail(Question question, DataOutputStream answers) throws IOException {
        Findings findings;
        try {
            findings = run(question.classes, question.part, question.what);
        } catch (Exception | Error e) {
            e.printStackTrace();
            answers.writeBoolean(false);
            answers.writeUTF(line(e));
            return;
        }
        answers.writeBoolean(true);
        answers.writeLong(findings.tried());
        answers.writeInt(findings.failures().size());
        for (String failure : findings.failures()) {
            answers.writeUTF(failure);
        }
    }

    private Findings run(String classes, Part part, String what) throws Exception {
        if (!classes.equals(presentClasses)) {
            present.close();
            present = MutantLoader.of(classes, classPath);
            presentClasses = classes;
        }
        System.setProperty(CHILD_CLASS_PATH, classes.isEmpty() ? classPath : classes + File.pathSeparator + classPath);
        return harness(part).run(what);
    }

    private HarnessPart harness(Part part) throws ReflectiveOperationException {
        return switch (part) {
            case PROMISES -> tests(TestsPart.PROMISES);
            case CHANNELS -> tests(List.of("dev.tidemark.crash.UnforcedChannelTest"));
            case BACKUP ->
                tests(List.of(
                        "dev.tidemark.wal.BackupTest",
                        "dev.tidemark.crash.BackupCrashTest",
                        "dev.tidemark.fault.BackupFaultTest"));
            case QUARANTINE ->
                tests(List.of(
                        "dev.tidemark.wal.QuarantineTest",
                        "dev.tidemark.wal.LossesTest",
                        "dev.tidemark.crash.QuarantineCrashTest"));
            case FOUND -> tests(List.of("dev.tidemark.crash.FoundByEnumerationTest"));
            case CRASH -> make("dev.tidemark.crash.SteppedCrashes");
            case FAULTS -> make("dev.tidemark.fault.FaultLoops");
            case DAMAGE -> make("dev.tidemark.damage.DamageTrials");
            case CRASH_THREADS -> make("dev.tidemark.crash.ThreadedCrashes");
            case KILLS -> make("dev.tidemark.stress.Kills");
        };
    }

    private HarnessPart tests(List<String> classNames) throws ClassNotFoundException {
        return new TestsPart(present, !presentClasses.isEmpty(), classNames);
    }

    private HarnessPart make(String className) throws ReflectiveOperationException {
        return (HarnessPart) present.loadClass(className).getConstructor().newInstance();
    }

    /** A failure in one line that is not too long. */
    static String line(Throwable failure) {
        String text = failure.toString().strip().replaceAll("\\s+", " ");
        return text.length() <= LONGEST_LINE ? text : text.substring(0, LONGEST_LINE) + " ...";
    }
}
