package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.Isa;
import io.tersor.kernel.Backend;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class DoctorCommandTest {
    @Test
    void namesEveryBackendWithItsOriginOrTheReasonItIsMissing() {
        JsonNode report = Cli.run("doctor", "--json").json();
        String text = Cli.run("doctor").succeeded().out();
        assertEquals(Backend.values().length, report.get("backends").size());
        for (JsonNode backend : report.get("backends")) {
            String proof = backend.get(backend.get("available").asBoolean() ? "origin" : "reason").asString();
            assertFalse(proof.isBlank());
            assertTrue(text.contains(proof), text);
            assertTrue(text.contains(backend.get("backend").asString()), text);
        }
    }

    @Test
    void tellsWhatTheJvmOffers() {
        JsonNode jvm = Cli.run("doctor", "--json").json().get("jvm");
        assertTrue(jvm.get("version").asString().contains(Runtime.version().toString()));
        assertEquals(ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
                jvm.get("vectorModule").asBoolean());
        assertTrue(jvm.get("nativeAccess").asBoolean());
    }

    @Test
    void tellsTheCapOnTheInstructionSet() {
        String before = System.getProperty(Isa.PROPERTY, "");
        try {
            System.setProperty(Isa.PROPERTY, "baseline");
            JsonNode report = Cli.run("doctor", "--json").json();
            assertEquals("baseline", report.get("cpu").get("isaUsed").asString());
            assertEquals("baseline", report.get("properties").get(Isa.PROPERTY).asString());
            System.setProperty(Isa.PROPERTY, "mmx");
            Cli.run("doctor").failed("-Dtersor.isa", "mmx");
        } finally {
            if (before.isEmpty()) {
                System.clearProperty(Isa.PROPERTY);
            } else {
                System.setProperty(Isa.PROPERTY, before);
            }
        }
    }
}
