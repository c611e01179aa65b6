using System.Text.Json.Nodes;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Verbs;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>Each expectation is what Go's text/template with docker's functions makes of the same template.</summary>
public sealed class TemplateTests
{
    private const string Data = """{"Name":"app","Tags":["one","two"],"None":[],"Map":{"a":"1","b":"2"},"Size":12,"Client":{"ApiVersion":"1.50"},"Yes":true,"Null":null}""";

    [Theory]
    [InlineData("plain } text", "plain } text")]
    [InlineData("app|app", "{{.Name}}|{{ .Name }}")]
    [InlineData("1.50", "{{.Client.APIVersion}}")]
    [InlineData("aappb", "a  {{- .Name -}}\n b")]
    [InlineData("xy", "x{{/* a note */}}y")]
    [InlineData("x", "x {{- /* a note */ -}} ")]
    [InlineData("{\"a\":\"1\",\"b\":\"2\"}", "{{json .Map}}")]
    [InlineData("\"a<b>&\"", "{{json \"a<b>&\"}}")]
    [InlineData("one,two,", "{{range .Tags}}{{.}},{{end}}")]
    [InlineData("0=one 1=two ", "{{range $i, $t := .Tags}}{{$i}}={{$t}} {{end}}")]
    [InlineData("a=1 b=2 ", "{{range $k, $v := .Map}}{{$k}}={{$v}} {{end}}")]
    [InlineData("app app ", "{{range .Tags}}{{$.Name}} {{end}}")]
    [InlineData("none", "{{range .None}}x{{else}}none{{end}}")]
    [InlineData("b", "{{index (split \"a@b\" \"@\") 1}}")]
    [InlineData("2", "{{index .Map \"b\"}}")]
    [InlineData("one-two", "{{join .Tags \"-\"}}")]
    [InlineData("APP app App", "{{upper .Name}} {{.Name | upper | lower}} {{title .Name}}")]
    [InlineData("yes", "{{if .Yes}}yes{{else}}no{{end}}")]
    [InlineData("no", "{{if .Null}}yes{{else}}no{{end}}")]
    [InlineData("third", "{{if .None}}first{{else if eq .Name \"x\" \"y\"}}second{{else}}third{{end}}")]
    [InlineData("both", "{{if and .Yes (gt .Size 3)}}both{{end}}")]
    [InlineData("either", "{{if or .None (not .Null)}}either{{end}}")]
    [InlineData("app!", "{{with .Name}}{{.}}!{{end}}")]
    [InlineData("app 2", "{{with $x := .Name}}{{$x}}{{end}} {{len .Tags}}")]
    [InlineData("3 app", "{{$n := len .Name}}{{$n}} {{.Name}}")]
    [InlineData("app\n|", "{{println .Name}}|")]
    [InlineData("app  | 12|\"q\"|100%", "{{printf \"%-5s|%3d|%q|100%%\" .Name .Size \"q\"}}")]
    [InlineData("[one two] map[a:1 b:2]", "{{.Tags}} {{.Map}}")]
    [InlineData("a\tb`\\", "{{\"a\\tb`\\\\\"}}")]
    [InlineData("ap  app ", "{{truncate .Name 2}} {{pad .Name 1 1}}")]
    [InlineData("ne le", "{{if ne .Name \"x\"}}ne{{end}} {{if le .Size 12}}le{{end}}")]
    [InlineData("pp", "{{slice .Name 1}}")]
    public void Template_OfGo_IsExpanded(string expected, string template) =>
        Assert.Equal(expected, GoTemplate.Expand(template, JsonNode.Parse(Data)!));

    [Theory]
    [InlineData(ImageExit.Usage, ".Frob is not known here. Known fields: .Name, ", "{{.Frob}}")]
    [InlineData(ImageExit.Usage, "the function \"frob\" is not known", "{{frob .}}")]
    [InlineData(ImageExit.Usage, "is not closed", "{{.Name")]
    [InlineData(ImageExit.Usage, "is not closed", "{{\"a}}")]
    [InlineData(ImageExit.Usage, "{{range}} has no {{end}}", "{{range .Tags}}x")]
    [InlineData(ImageExit.Usage, "{{end}} has no beginning", "x{{end}}")]
    [InlineData(ImageExit.Usage, "a value is missing", "{{}}")]
    [InlineData(ImageExit.Usage, "which has no fields", "{{.Name.Frob}}")]
    [InlineData(ImageExit.Usage, "$x is not set", "{{$x}}")]
    [InlineData(ImageExit.Usage, "split does not take app", "{{split .Name}}")]
    [InlineData(ImageExit.Usage, "given arguments", "{{.Name 3}}")]
    [InlineData(ImageExit.Failure, "index out of range: 2. The list has 2 entries", "{{index .Tags 2}}")]
    [InlineData(ImageExit.Failure, "can't iterate over 12", "{{range .Size}}{{end}}")]
    public void Template_ThatIsWrong_IsRefusedWithWhatIsWrong(int code, string expected, string template)
    {
        var error = Assert.Throws<ImageException>(() => GoTemplate.Expand(template, JsonNode.Parse(Data)!));

        Assert.Equal(code, error.ExitCode);
        Assert.Contains(expected, error.Message);
    }
}
