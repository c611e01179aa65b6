using System.Text.Encodings.Web;
using System.Text.Json;

namespace PodExecutor.Driver.Operations.Doctor.Display;

/// <summary>The findings for a machine: {version, result, findings: [{check, result, what, why, remedy}]}.</summary>
internal static class FindingJson
{
    public static void Write(IReadOnlyList<CheckOutcome> outcomes, Stream output)
    {
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", DriverVersion.Text);
            json.WriteString("result", FindingTable.Word(DoctorSession.Worst(outcomes)));
            json.WriteStartArray("findings");
            foreach (var (check, finding) in outcomes.SelectMany(o => o.Findings.Select(f => (o.Check, f))))
            {
                json.WriteStartObject();
                json.WriteString("check", check);
                json.WriteString("result", FindingTable.Word(finding.Severity));
                json.WriteString("what", finding.What);
                WriteIfAny(json, "why", finding.Why);
                WriteIfAny(json, "remedy", finding.Remedy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(name, text);
        }
    }
}
