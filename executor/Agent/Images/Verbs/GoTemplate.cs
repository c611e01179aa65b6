using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.Templates;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>docker's --format: fields, functions, if, with and range. What is not known is refused by name.</summary>
internal static class GoTemplate
{
    /// <param name="template">A template, or "json".</param>
    /// <exception cref="ImageException">It is not well-formed, or asks for what is not there.</exception>
    public static string Expand(string template, JsonNode data) => new TemplateRunner(data).Run(new TemplateParser(template == "json" ? "{{json .}}" : template).Parse());
}
