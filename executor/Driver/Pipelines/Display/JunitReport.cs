using System.Globalization;
using System.Xml;

namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>The jobs as test cases, for whoever collects such files.</summary>
internal static class JunitReport
{
    public static void Write(PipelineOutcome outcome, string path)
    {
        using var xml = XmlWriter.Create(path, new XmlWriterSettings { Indent = true });
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", "pod-executor try");
        xml.WriteAttributeString("tests", $"{outcome.Jobs.Count}");
        xml.WriteAttributeString("failures", $"{outcome.Jobs.Count(j => j.State is JobState.Failed or JobState.Canceled)}");
        xml.WriteAttributeString("skipped", $"{outcome.Jobs.Count(j => j.State is JobState.Skipped or JobState.Blocked)}");
        foreach (var job in outcome.Jobs)
        {
            var seconds = job.Tries.Sum(t => t.Duration.TotalSeconds);
            xml.WriteStartElement("testcase");
            xml.WriteAttributeString("classname", job.Job.Stage);
            xml.WriteAttributeString("name", job.Job.Name);
            xml.WriteAttributeString("time", seconds.ToString("0.000", CultureInfo.InvariantCulture));
            if (job.State is JobState.Failed or JobState.Canceled)
            {
                WriteReason(xml, "failure", job);
            }
            else if (job.State is JobState.Skipped or JobState.Blocked)
            {
                WriteReason(xml, "skipped", job);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteReason(XmlWriter xml, string element, JobRunOutcome job)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("message", job.Reason ?? "");
        xml.WriteEndElement();
    }
}
